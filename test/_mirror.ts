/**
 * Mirrors on this machine that answer well or badly, over bare TCP: a server of HTTP would not let them misbehave.
 *
 * @module
 */

/** Answers a request for a path; the connection is closed afterwards. */
export type Answer = (connection: Deno.TcpConn, path: string) => void | Promise<void>;

/** A mirror on this machine. */
export interface Mirror extends AsyncDisposable {
  /** Where it is, with a `/` at the end. */
  url: string;
  /** Its host and port. */
  host: string;
  /** How often it was asked. */
  asked: number;
  /** How many connections are open. */
  open: number;
}

/** Starts a mirror that gives these answers one after another, and the last of them from then on. */
export function serve(...answers: [Answer, ...Answer[]]): Mirror {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const host = `127.0.0.1:${listener.addr.port}`;
  const connections = new Set<Deno.TcpConn>();
  const close = (connection: Deno.TcpConn) => connections.delete(connection) && connection.close();
  const answer = async (connection: Deno.TcpConn) => {
    const chosen = answers[Math.min(mirror.asked++, answers.length - 1)];
    try {
      const path = chosen === reset ? "" : await request(connection);
      await chosen(connection, path);
    } catch {
      // The client has gone.
    } finally {
      close(connection);
    }
  };
  const listening = (async () => {
    for await (const connection of listener) {
      connections.add(connection);
      answer(connection);
    }
  })();
  const mirror = {
    url: `http://${host}/`,
    host,
    asked: 0,
    get open() {
      return connections.size;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      connections.forEach(close);
      await listening;
    },
  };
  return mirror;
}

/** A mirror that is switched off. */
export async function down(): Promise<Mirror> {
  await using mirror = serve(reset);
  return mirror;
}

/** Reads a request, and returns its path. */
async function request(connection: Deno.TcpConn): Promise<string> {
  let text = "";
  const bytes = new Uint8Array(2 ** 12);
  while (!text.includes("\r\n\r\n")) {
    const count = await connection.read(bytes);
    if (count === null) throw new Error("No request came.");
    text += new TextDecoder().decode(bytes.subarray(0, count));
  }
  return text.split(" ")[1];
}

/** Sends all of some bytes. */
async function send(connection: Deno.TcpConn, bytes: Uint8Array) {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Begins a response. */
const head = (connection: Deno.TcpConn, status: number, headers: Record<string, string | number> = {}) => {
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}\r\n`);
  return send(connection, new TextEncoder().encode(`HTTP/1.1 ${status} -\r\n${lines.join("")}\r\n`));
};

/** Waits until the client closes the connection. */
const untilClosed = (connection: Deno.TcpConn) => connection.read(new Uint8Array(1));

/** Sends a file. */
export const file = (body: Uint8Array): Answer => async (connection) => {
  await head(connection, 200, { "content-length": body.length });
  await send(connection, body);
};

/** Sends one of several files, by its path. */
export const files = (bodies: Map<string, Uint8Array>): Answer => async (connection, path) => {
  const body = bodies.get(path);
  await (body ? file(body) : status(404))(connection, path);
};

/** Sends a status, and begins to say a few words, until nobody listens. */
export const status = (code: number): Answer => async (connection) => {
  await head(connection, code, { "content-length": 10 });
  await send(connection, new TextEncoder().encode("sorry"));
  await untilClosed(connection);
};

/** Sends half of a file, having said how long it is, and closes. */
export const half = (body: Uint8Array): Answer => async (connection) => {
  await head(connection, 200, { "content-length": body.length });
  await send(connection, body.subarray(0, body.length / 2));
};

/** Sends half of a file without saying how long it is, and closes: to the client that looks like all of it. */
export const silentHalf = (body: Uint8Array): Answer => async (connection) => {
  await head(connection, 200);
  await send(connection, body.subarray(0, body.length / 2));
};

/** Sends half of a file, and then nothing. */
export const stall = (body: Uint8Array): Answer => async (connection) => {
  await head(connection, 200, { "content-length": body.length });
  await send(connection, body.subarray(0, body.length / 2));
  await untilClosed(connection);
};

/** Takes the request, and never says a word. */
export const silence: Answer = async (connection) => void await untilClosed(connection);

/** Sends a byte every few milliseconds, a hundred in all. */
export const drip = (every: number): Answer => async (connection) => {
  await head(connection, 200);
  for (let i = 0; i < 100; i++) {
    await send(connection, new Uint8Array(1));
    await new Promise((done) => setTimeout(done, every));
  }
};

/** Sends bytes as fast as it can, for ever. */
export const endless: Answer = async (connection) => {
  await head(connection, 200);
  while (true) await send(connection, new Uint8Array(2 ** 16));
};

/** Closes with the request unread, which the client sees as a reset. */
export const reset: Answer = () => {};

/** Sends the client elsewhere. */
export const redirect = (url: string): Answer => (connection) =>
  head(connection, 302, { location: url, "content-length": 0 });

/** Sends a packed file as one that is packed for the way only. */
export const encoded = (packed: Uint8Array): Answer => async (connection) => {
  await head(connection, 200, { "content-length": packed.length, "content-encoding": "gzip" });
  await send(connection, packed);
};
