/**
 * Lets the browser keep the site, so that it opens without a network.
 *
 * @module
 */
/// <reference lib="dom" />

/** Starts the service worker a moment after the page has loaded, unless the reader asks the browser to save data. */
export function keepForOffline(): void {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  if (connection?.saveData) return;
  setTimeout(() => navigator.serviceWorker?.register("service_worker.js").catch(() => {}), 1500); // or it is forbidden
}
