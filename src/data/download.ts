/**
 * Downloads files, checks them, and keeps them in a cache.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";
import { sha256 } from "../disk/sha256.ts";
import { collect, gunzip, isGzip } from "./bounded.ts";

/** A file to download. */
export interface Download {
  /** Its name at every mirror. */
  readonly name: string;
  /**
   * The SHA-256 of its unpacked bytes, in hexadecimal. Packed files differ between mirrors, but their contents do not.
   */
  readonly hash: string;
  /** Its unpacked size in bytes. Not many more bytes are read or unpacked, whatever a server sends. */
  readonly size: number;
  /** The mirrors to try, in this order: URLs that end in `/`. */
  readonly mirrors: readonly string[];
  /** The name of the cache that keeps it. The Cache API requires no permission. */
  readonly cache: string;
  /** What to do if it cannot be downloaded, as the rest of a sentence. */
  readonly otherwise?: string;
  /** Receives the progress of the download. */
  readonly onProgress?: OnProgress;
  /** Aborts the download. */
  readonly signal?: AbortSignal;
  /** The time limits; {@linkcode PATIENCE} by default. */
  readonly patience?: Patience;
}

/**
 * Receives the number of bytes received so far, and the total as far as it is known. A new attempt starts at 0. It is
 * not called for files in the cache.
 */
export type OnProgress = (received: number, total: number) => void;

/** Time limits in milliseconds, and the number of attempts. */
export interface Patience {
  /** How long to wait for the next byte. */
  readonly stall: number;
  /** How long to wait for the whole file from one mirror. */
  readonly whole: number;
  /** How many times to try a mirror. */
  readonly tries: number;
  /** The pause before the second attempt; the pause before the third is four times as long. */
  readonly pause: number;
}

/** The default limits. A connection of 16 kB per second is fast enough for MNIST. */
export const PATIENCE: Patience = { stall: 10_000, whole: 600_000, tries: 3, pause: 500 };

/** What was wrong with a mirror, as the rest of a sentence that starts with its name. */
class Fault extends Error {
  /** `passing` if another attempt may help, `forbidden` if the mirror requires a permission. */
  readonly kind: "lasting" | "passing" | "forbidden";

  constructor(message: string, kind: Fault["kind"] = "lasting", cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/**
 * Gets a file from the cache, or otherwise from the first mirror that sends the right bytes, which are then cached. The
 * bytes are checked every time. Wrong bytes are never cached, and are downloaded again if the cache has them.
 *
 * After a fault, the next mirror is tried at once. After all mirrors, those whose fault may be temporary are tried
 * again after a pause: those that could not be reached, stalled, broke off, sent a broken gzip stream, or answered with
 * status 408, 429 or 5xx.
 *
 * @returns The file, unpacked.
 * @throws {RangeError} If a mirror is not an http or https URL that ends in `/`.
 * @throws {EnvironmentError} If no mirror is permitted, reachable and has the right bytes. The message says what was
 * wrong with each.
 */
export async function download(file: Download): Promise<Uint8Array<ArrayBuffer>> {
  for (const mirror of file.mirrors) {
    if (!(/^https?:.*\/$/.test(mirror) && URL.canParse(mirror))) {
      throw new RangeError(`A mirror must be an http or https URL that ends in "/", not "${mirror}".`);
    }
  }
  const kept = await caches.open(file.cache).catch(() => undefined); // without a cache, everything else still works
  const key = `https://${file.hash}.invalid/`; // by content, independent of the mirror
  try {
    const { body } = await kept?.match(key) ?? {};
    if (body) return await unpackChecked(await collect(body, most(file)), file);
  } catch {
    // The cached file is damaged: it is downloaded again and replaced.
  }
  const { packed, unpacked } = await askMirrors(file);
  await kept?.put(key, new Response(packed)).catch(() => {});
  return unpacked;
}

/** Tries all mirrors in turn, for several rounds. */
async function askMirrors(file: Download) {
  const { tries, pause } = file.patience ?? PATIENCE;
  const faults = new Map<string, Fault>();
  for (let round = 0; round < tries; round++) {
    const mirrors = file.mirrors.filter((mirror) => round === 0 || faults.get(mirror)?.kind === "passing");
    if (round > 0 && mirrors.length > 0) await sleep(pause * 4 ** (round - 1), file.signal);
    for (const mirror of mirrors) {
      try {
        const packed = await get(mirror, file);
        return { packed, unpacked: await unpackChecked(packed, file) };
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        faults.set(mirror, error);
      }
    }
  }
  throw failure(file, faults);
}

/** The error with what is wrong with every mirror, and what to do. */
function failure({ name, mirrors, otherwise }: Download, faults: Map<string, Fault>): EnvironmentError {
  const hosts = mirrors.map((mirror) => new URL(mirror).host);
  const reasons = mirrors.map((mirror, i) => `${hosts[i]} ${faults.get(mirror)!.message}`);
  const forbidden = faults.values().some(({ kind }) => kind === "forbidden");
  const advice = forbidden ? [`add --allow-net=${hosts}`] : otherwise ? [otherwise] : [];
  const sentence = `Cannot fetch ${name}: ${[...reasons, ...advice].join("; ")}.`;
  return new EnvironmentError(sentence, { cause: [...faults.values()] });
}

/** Downloads a file from one mirror, within a limit of bytes and limits of time. */
async function get(mirror: string, file: Download): Promise<Uint8Array<ArrayBuffer>> {
  const watch = watching(file.patience ?? PATIENCE, file.signal);
  let received: number | undefined;
  try {
    const response = await fetch(mirror + file.name, { signal: watch.signal });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const passing = [408, 429].includes(response.status) || response.status >= 500;
      throw new Fault(`answers with status ${response.status}`, passing ? "passing" : "lasting");
    }
    const packed = response.headers.has("content-encoding"); // compressed for the transfer, which fetch has undone
    const promised = packed ? 0 : Number(response.headers.get("content-length"));
    received = 0;
    const told = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(piece, controller) {
        watch.alive();
        received! += piece.length;
        file.onProgress?.(received!, Math.max(received!, promised));
        controller.enqueue(piece);
      },
    });
    return await collect(response.body.pipeThrough(told), most(file));
  } catch (error) {
    throw file.signal?.aborted ? error : faultOf(error as Error, mirror, received);
  } finally {
    watch.end();
  }
}

/** A signal that aborts if no bytes arrive for too long, if the whole takes too long, or if another signal aborts. */
function watching({ stall, whole }: Patience, signal?: AbortSignal) {
  const stop = new AbortController();
  const abortAfter = (ms: number, fault: Fault) => setTimeout(() => stop.abort(fault), ms);
  const slow = abortAfter(whole, new Fault(`did not deliver in ${whole / 1000} seconds`));
  const abortSoon = () => abortAfter(stall, new Fault(`sent nothing for ${stall / 1000} seconds`, "passing"));
  let stalled = abortSoon();
  return {
    signal: signal ? AbortSignal.any([stop.signal, signal]) : stop.signal,
    alive() {
      clearTimeout(stalled);
      stalled = abortSoon();
    },
    end() {
      clearTimeout(slow);
      clearTimeout(stalled);
    },
  };
}

/** What is wrong with a mirror, given the error of a download and the number of bytes received, if any. */
function faultOf(error: Error, mirror: string, received?: number): Error {
  if (error.name === "NotCapable") {
    const host = /"(.+?)(:\d+)?"/.exec(error.message)?.[1];
    if (host === new URL(mirror).hostname) return new Fault("requires a permission", "forbidden", error);
    return new Fault(`redirects to ${host}, which requires a permission`, "lasting", error);
  }
  if (!(error instanceof TypeError)) return error; // fetch throws a TypeError for any fault
  if (/non HTTP|Invalid URL/.test(error.message)) { // the address of a redirect, because that of the mirror was checked
    return new Fault("redirects to an address that is not http or https", "lasting", error);
  }
  if (/redirect/.test(error.message)) return new Fault("redirects endlessly", "lasting", error);
  const what = received === undefined ? "cannot be reached" : `broke off after ${received} bytes`;
  return new Fault(what, "passing", error);
}

/**
 * The largest number of bytes to read: those of the unpacked file and what gzip may add, so that a longer file is
 * noticed.
 */
const most = ({ size }: Download) => size + 2 ** 14;

/** Unpacks a file if it is packed, as a server may have unpacked it, and checks that it is the right one. */
async function unpackChecked(bytes: Uint8Array<ArrayBuffer>, { size, hash }: Download) {
  const unpacked = isGzip(bytes) ? await gunzip(bytes, size + 1).catch(refuseGzip) : bytes;
  if (unpacked.length > size) throw new Fault(`sends more than the expected ${size} bytes`);
  const found = await sha256(unpacked);
  if (found !== hash) throw new Fault(`sends a file with SHA-256 ${found}, expected ${hash}`);
  return unpacked;
}

/** The fault of a stream that cannot be unpacked. It may have been cut short unnoticed, so another attempt may help. */
function refuseGzip(cause: unknown): never {
  throw new Fault("sends a gzip stream that is cut short or corrupt", "passing", cause);
}

/** Waits for some milliseconds, unless it is aborted. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), failed(signal.reason)));
  });
}
