/**
 * Has the browser keep the site, so that it opens without a network.
 *
 * @module
 */
/// <reference lib="dom" />

/** Starts the service worker, some time after the page is there; readers who save data are spared it. */
export function keepForOffline(): void {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  setTimeout(() => navigator.serviceWorker?.register("service_worker.js").catch(() => {}), 1500); // or it is forbidden
}
