/**
 * Yields to other tasks of the event loop, such as signals, requests and windows.
 *
 * It is like `tf.nextFrame`, but never waits for the screen, which takes 16 ms per step in a browser's worker and stops
 * in a hidden tab.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if ("setImmediate" in globalThis) return void setImmediate(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
