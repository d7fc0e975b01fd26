/**
 * A page in a real browser: a headless Chromium, spoken to by its own protocol.
 *
 * @module
 */
import { granted } from "./_run.ts";

const CHROMIUM = "/usr/bin/chromium";
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** Whether a browser is there and may be started. */
export async function chromiumRuns(): Promise<boolean> {
  const needs: Deno.PermissionDescriptor[] = [
    { name: "read" },
    { name: "write" },
    { name: "run", command: CHROMIUM },
    { name: "net", host: "127.0.0.1" },
  ];
  for (const need of needs) if (!await granted(need)) return false;
  return await Deno.stat(CHROMIUM).then((file) => file.isFile, () => false);
}

/** How a page is looked at. */
export interface View {
  /** Of the window, in CSS pixels. */
  width: number;
  /** Whether the reader likes it dark. */
  dark?: boolean;
  /** Whether the page may run scripts; it may, unless this is false. */
  scripts?: boolean;
  /** A script that runs before those of every page in the tab. */
  before?: string;
}

/** A page that has loaded. */
export interface Tab {
  /** Every address that was asked for while it loaded. */
  requests: string[];
  /** What the page complained about. */
  errors: string[];
  /** The value of an expression in the page, as JSON holds it. */
  evaluate<T>(expression: string): Promise<T>;
  /** Evaluates an expression until it is true, also while another page loads, or 50,000 times. */
  until(expression: string): Promise<void>;
  /** A command of the protocol, with its answer. */
  send(method: string, params?: Json): Promise<Json>;
  /** The whole page as a PNG. */
  screenshot(): Promise<Uint8Array>;
}

/** Calls `use` with a function that opens pages; the browser, which gets these flags too, and all it wrote are gone afterwards. */
export async function withChromium<T>(
  use: (open: (url: string, view: View) => Promise<Tab>) => Promise<T>,
  flags: string[] = [],
): Promise<T> {
  const profile = await Deno.makeTempDir();
  const args = [...FLAGS, ...flags, `--user-data-dir=${profile}`, "about:blank"];
  const process = new Deno.Command(CHROMIUM, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const said = process.stderr.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  const socket = new WebSocket(await address(said));
  const reading = (async () => {
    while (!(await said.next()).done);
  })();
  try {
    const protocol = await connect(socket);
    return await use((url, view) => openTab(protocol, url, view));
  } finally {
    const closed = new Promise((done) => socket.onclose = done);
    socket.send(JSON.stringify({ id: 0, method: "Browser.close" }));
    await Promise.all([closed, reading, process.status]);
    await Deno.remove(profile, { recursive: true });
  }
}

/** Where the browser listens, which it says on its standard error. */
async function address(said: AsyncIterator<string>): Promise<string> {
  let text = "";
  while (true) {
    const { value, done } = await said.next();
    if (done) throw new Error(`Chromium did not start: ${text}`);
    text += value;
    const found = /DevTools listening on (ws:\S+)\n/.exec(text);
    if (found) return found[1];
  }
}

/** What the protocol speaks. */
export type Json = Record<string, unknown>;

/** The protocol: commands that are answered, and events that come unasked, of a session (a page) each. */
interface Protocol {
  send(method: string, params?: Json, sessionId?: string): Promise<Json>;
  listen(sessionId: string, listener: (method: string, params: Json) => void): void;
}

async function connect(socket: WebSocket): Promise<Protocol> {
  await new Promise((opened, failed) => [socket.onopen, socket.onerror] = [opened, failed]);
  const waiting = new Map<number, (answer: { result: Json; error?: { message: string } }) => void>();
  const listeners = new Map<string, (method: string, params: Json) => void>();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.id) waiting.get(message.id)!(message);
    else listeners.get(message.sessionId)?.(message.method, message.params);
  };
  let id = 0;
  return {
    async send(method, params = {}, sessionId) {
      socket.send(JSON.stringify({ id: ++id, method, params, sessionId }));
      const { result, error } = await new Promise<{ result: Json; error?: { message: string } }>((answer) =>
        waiting.set(id, answer)
      );
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    listen: (sessionId, listener) => void listeners.set(sessionId, listener),
  };
}

async function openTab(
  protocol: Protocol,
  url: string,
  { width, dark = false, scripts = true, before = "" }: View,
): Promise<Tab> {
  const { targetId } = await protocol.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await protocol.send("Target.attachToTarget", { targetId, flatten: true });
  const send = (method: string, params?: Json) => protocol.send(method, params, sessionId as string);
  const [requests, errors]: string[][] = [[], []];
  const loaded = new Promise<void>((done) =>
    protocol.listen(sessionId as string, (method, params) => {
      if (method === "Network.requestWillBeSent") requests.push((params.request as { url: string }).url);
      if (method === "Log.entryAdded") errors.push((params.entry as { text: string }).text);
      if (method === "Runtime.exceptionThrown" || method === "Runtime.consoleAPICalled") {
        errors.push(JSON.stringify(params));
      }
      if (method === "Page.loadEventFired") done();
    })
  );
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await send(`${domain}.enable`);
  await send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
  const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
  await send("Emulation.setEmulatedMedia", { features });
  await send("Emulation.setScriptExecutionDisabled", { value: !scripts });
  await send("Page.addScriptToEvaluateOnNewDocument", { source: before });
  await send("Page.navigate", { url });
  await loaded;
  const evaluate = async <T>(expression: string) => {
    const answer = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    if (answer.exceptionDetails) throw new Error(JSON.stringify(answer.exceptionDetails));
    return (answer.result as { value: T }).value;
  };
  return {
    requests,
    errors,
    evaluate,
    send,
    async until(expression) {
      for (let i = 0; i < 50_000; i++) { // far more than a busy machine needs, so that a fault fails and does not hang
        if (await evaluate<boolean>(`Boolean(${expression})`).catch(() => false)) return;
        await new Promise((done) => setTimeout(done, 20));
      }
      throw new Error(`It did not become true in 50,000 evaluations: ${expression}`);
    },
    async screenshot() {
      const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true });
      return Uint8Array.fromBase64(data as string);
    },
  };
}
