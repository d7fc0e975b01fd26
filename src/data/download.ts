/**
 * Downloads that are checked, and kept.
 *
 * @module
 */
import { EnvironmentError } from "../errors.ts";
import { sha256 } from "../disk/sha256.ts";
import { collect, gunzip, isGzip } from "./bounded.ts";

/** A file to fetch. */
export interface Download {
  /** Its name at every mirror. */
  readonly name: string;
  /** SHA-256 of its unpacked bytes, in hexadecimal: packed files differ between mirrors, contents do not. */
  readonly hash: string;
  /** How many bytes it has, unpacked; not many more are read or unpacked, whatever is sent. */
  readonly size: number;
  /** Where to look for it, in this order: URLs that end in `/`. */
  readonly mirrors: readonly string[];
  /** The name of the cache (of the Cache API, which requires no permission) that keeps it. */
  readonly cache: string;
  /** What to do where it cannot be fetched, as the rest of a sentence. */
  readonly otherwise?: string;
  /** Is told how far the fetch is. */
  readonly onProgress?: OnProgress;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** How long to wait for what; {@linkcode PATIENCE} by default. */
  readonly patience?: Patience;
}

/**
 * Is told how many bytes have come, and how many there will be as far as that is known. A try that begins anew begins at
 * 0; nothing is told of what the cache has.
 */
export type OnProgress = (received: number, total: number) => void;

/** How long to wait, in milliseconds, and how often to try. */
export interface Patience {
  /** For the next byte. */
  readonly stall: number;
  /** For the whole file, from one mirror. */
  readonly whole: number;
  /** How often to ask a mirror. */
  readonly tries: number;
  /** Before the second try; four times as long before the third. */
  readonly pause: number;
}

/** The patience of a fetch: a line that brings 16 kB a second brings MNIST. */
export const PATIENCE: Patience = { stall: 10_000, whole: 600_000, tries: 3, pause: 500 };

/** What was wrong with a mirror, as the rest of a sentence that begins with its name. */
class Fault extends Error {
  /** `passing` if asking again may help, `forbidden` if the mirror requires a permission. */
  readonly kind: "lasting" | "passing" | "forbidden";

  constructor(message: string, kind: Fault["kind"] = "lasting", cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
  }
}

/**
 * Gets a file from the cache, or else from the first mirror that has the right bytes, which are then cached. The bytes are
 * checked every time: wrong ones are never cached, and fetched again if the cache has them.
 *
 * After a fault the next mirror is asked at once. Once all were asked, those whose fault may pass are asked again, after a
 * pause: they could not be reached, stalled, broke off, sent a broken gzip stream, or answered with status 408, 429 or 5xx.
 *
 * @returns The file, unpacked.
 * @throws {RangeError} If a mirror is not an http or https URL that ends in `/`.
 * @throws {EnvironmentError} If no mirror may be asked, can be reached or has the right bytes: what was wrong with each.
 */
export async function download(file: Download): Promise<Uint8Array<ArrayBuffer>> {
  for (const mirror of file.mirrors) {
    if (!(/^https?:.*\/$/.test(mirror) && URL.canParse(mirror))) {
      throw new RangeError(`A mirror is an http or https URL that ends in "/", not "${mirror}".`);
    }
  }
  const kept = await caches.open(file.cache).catch(() => undefined); // where nothing can be kept, all else still works
  const key = `https://${file.hash}.invalid/`; // by content, so whichever mirror it came from
  try {
    const { body } = await kept?.match(key) ?? {};
    if (body) return await unpackChecked(await collect(body, most(file)), file);
  } catch {
    // Damaged: it is fetched again, and replaced.
  }
  const { packed, unpacked } = await askMirrors(file);
  await kept?.put(key, new Response(packed)).catch(() => {});
  return unpacked;
}

/** Asks one mirror after another, and again. */
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

/** What is wrong with every mirror, and what to do, in one sentence. */
function failure({ name, mirrors, otherwise }: Download, faults: Map<string, Fault>): EnvironmentError {
  const hosts = mirrors.map((mirror) => new URL(mirror).host);
  const reasons = mirrors.map((mirror, i) => `${hosts[i]} ${faults.get(mirror)!.message}`);
  const forbidden = faults.values().some(({ kind }) => kind === "forbidden");
  const advice = forbidden ? [`add --allow-net=${hosts}`] : otherwise ? [otherwise] : [];
  const sentence = `Cannot fetch ${name}: ${[...reasons, ...advice].join("; ")}.`;
  return new EnvironmentError(sentence, { cause: [...faults.values()] });
}

/** Fetches a file from one mirror, as it comes; stops at a limit of bytes, and at limits of time. */
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
    const packed = response.headers.has("content-encoding"); // for the way, which fetch has undone
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

/** A signal that aborts once nothing was alive for too long, once the whole took too long, and when another does. */
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

/** What is wrong with a mirror, by what fetching from it throws once it has sent so many bytes, if any. */
function faultOf(error: Error, mirror: string, received?: number): Error {
  if (error.name === "NotCapable") {
    const host = /"(.+?)(:\d+)?"/.exec(error.message)?.[1];
    if (host === new URL(mirror).hostname) return new Fault("requires a permission", "forbidden", error);
    return new Fault(`redirects to ${host}, which requires a permission`, "lasting", error);
  }
  if (!(error instanceof TypeError)) return error; // but that is what fetch throws, whatever the cause
  if (/non HTTP|Invalid URL/.test(error.message)) { // of the redirect: the mirror's own is checked
    return new Fault("redirects to what is no address of http or https", "lasting", error);
  }
  if (/redirect/.test(error.message)) return new Fault("redirects without end", "lasting", error);
  const what = received === undefined ? "cannot be reached" : `broke off after ${received} bytes`;
  return new Fault(what, "passing", error);
}

/** No more bytes are read than a file has unpacked, and gzip can add to them: so too long a file is seen to be too long. */
const most = ({ size }: Download) => size + 2 ** 14;

/** Unpacks a file where it is packed (a server may have unpacked it on the way), and checks that it is the right one. */
async function unpackChecked(bytes: Uint8Array<ArrayBuffer>, { size, hash }: Download) {
  const unpacked = isGzip(bytes) ? await gunzip(bytes, size + 1).catch(refuseGzip) : bytes;
  if (unpacked.length > size) throw new Fault(`sends more than the ${size} bytes wanted`);
  const found = await sha256(unpacked);
  if (found !== hash) throw new Fault(`sends a file with SHA-256 ${found}, where ${hash} is wanted`);
  return unpacked;
}

/** What a stream is that cannot be unpacked. It may have been cut short where nobody noticed, so it is worth another try. */
function refuseGzip(cause: unknown): never {
  throw new Fault("sends a gzip stream that is cut short or corrupt", "passing", cause);
}

/** Waits so many milliseconds, unless it is ended before. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, failed) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), failed(signal.reason)));
  });
}
