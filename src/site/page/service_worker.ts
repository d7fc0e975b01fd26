/**
 * Stores the site for use without a network. The build prepends the list of its files to this script.
 *
 * @module
 */
/// <reference lib="webworker" />

/** The site's version and the files to keep, relative to this script. */
declare const SITE: { version: string; files: string[] };

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const PREFIX = "vae-steps-";
const cacheName = PREFIX + SITE.version;

/** A file whose name contains a digest of its content, so it never changes. */
const UNCHANGING = /-[0-9A-Z]{8}\.js$/;

worker.oninstall = (event) =>
  event.waitUntil((async () => {
    const cache = await caches.open(cacheName);
    await cache.addAll(
      SITE.files.map((file) => new Request(file, { cache: UNCHANGING.test(file) ? "default" : "no-cache" })),
    );
    await worker.skipWaiting();
  })());

worker.onactivate = (event) =>
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== cacheName);
    await Promise.all(old.map((name) => caches.delete(name)));
    await worker.clients.claim();
  })());

worker.onfetch = (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(worker.registration.scope)) event.respondWith(answer(request));
};

/** The file from the network, so that a new version appears at once; without a network, the stored file. */
async function answer(request: Request): Promise<Response> {
  const kept = async () => await caches.match(request.url.replace(/[?#].*/, "").replace(/\/$/, "/index.html"));
  if (UNCHANGING.test(new URL(request.url).pathname)) return await kept() ?? await fetch(request);
  try {
    return await fetch(request);
  } catch (error) {
    const response = await kept();
    if (response) return response;
    throw error;
  }
}
