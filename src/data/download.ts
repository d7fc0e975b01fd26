/**
 * Downloads that are checked, and kept.
 *
 * @module
 */
import { EnvironmentError, InputError } from "../errors.ts";
import { unpack } from "./idx.ts";

/** An IDX file to fetch. */
export interface Download {
  /** Its name at every mirror. */
  readonly name: string;
  /** SHA-256 of its unpacked bytes, in hexadecimal: packed files differ between mirrors, contents do not. */
  readonly hash: string;
  /** Where to look for it, in this order: URLs that end in `/`. */
  readonly mirrors: readonly string[];
  /** The name of the cache (of the Cache API, which asks for no permission) that keeps it. */
  readonly cache: string;
}

/** How long a mirror has to deliver a file before the next is asked, in milliseconds. */
const PATIENCE = 120_000;

/**
 * Gets an IDX file from the cache, or else from the first mirror that has the right bytes, which are then cached. Bytes
 * that fail the check are never cached.
 *
 * @returns The file, unpacked.
 * @throws {EnvironmentError} If no mirror may be asked, can be reached or has the right bytes: what was wrong with each.
 */
export async function download({ name, hash, mirrors, cache }: Download): Promise<Uint8Array<ArrayBuffer>> {
  const kept = await caches.open(cache).catch(() => undefined); // where nothing can be kept, everything else still works
  const key = `https://${hash}.invalid/`; // by content, so whichever mirror it came from

  const cached = await kept?.match(key);
  if (cached) {
    try {
      return await unpackChecked(await cached.bytes(), name, hash);
    } catch {
      await kept?.delete(key); // damaged: fetch it again
    }
  }

  const failures: Error[] = [];
  for (const mirror of mirrors) {
    try {
      const bytes = await get(mirror + name);
      const unpacked = await unpackChecked(bytes, name, hash);
      await kept?.put(key, new Response(bytes)).catch(() => {});
      return unpacked;
    } catch (error) {
      failures.push(error as Error);
    }
  }
  const hosts = mirrors.map((mirror) => new URL(mirror).host);
  const reasons = failures.map((error, i) => `${hosts[i]} ${reason(error)}`).join("; ");
  const allow = failures.some((error) => error.name === "NotCapable") ? `; add --allow-net=${hosts}` : "";
  throw new EnvironmentError(`Cannot fetch ${name}: ${reasons}${allow}.`, { cause: failures });
}

/** Fetches bytes. */
async function get(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
  const bytes = await response.bytes();
  if (!response.ok) throw new EnvironmentError(`answers with status ${response.status}`);
  return bytes;
}

/** Unpacks an IDX file where it is packed (a server may have unpacked it on the way), and checks that it is the right one. */
async function unpackChecked(bytes: Uint8Array<ArrayBuffer>, name: string, hash: string) {
  const unpacked = await unpack(bytes, name.replace(/\.gz$/, ""));
  const found = await sha256(unpacked);
  if (found !== hash) throw new EnvironmentError(`sends a file with SHA-256 ${found}, where ${hash} is wanted`);
  return unpacked;
}

/** What is wrong with a mirror, as the rest of a sentence that begins with its name. */
function reason(error: Error): string {
  if (error.name === "NotCapable") return "takes a permission";
  if (error.name === "TimeoutError") return `did not deliver in ${PATIENCE / 1000} seconds`;
  if (error instanceof TypeError) return "cannot be reached"; // what fetch throws, whatever the cause
  if (error instanceof InputError) return `sends another file (${error.message.replace(/\.$/, "")})`;
  return error.message;
}

/** SHA-256 of some bytes, in hexadecimal. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
