/**
 * Another framework in a process of its own, which takes a step when it is asked to.
 *
 * What it writes is JSON, a line each: first who it is, `{"name": "PyTorch 2.13.0", "ways": {"conv": ["eager"]}}`, or
 * that it is not there, `{"missing": "No module named 'torch'"}`. It reads lines such as `conv eager`, and answers each
 * with the time of one step, `{"ms": 110.2, "cpu_ms": 110.1}`, or with `{"error": "…"}`.
 *
 * @module
 */

/** The time of one step: by the clock, and of the process on all cores together; in milliseconds. */
export interface Time {
  ms: number;
  cpu_ms: number;
}

/** Who a peer is, and the ways in which it can train each model. */
export interface Introduction {
  /** Its name and version. */
  name: string;
  ways: Record<string, string[]>;
}

/** A framework that is not there, or cannot do what is asked; the message is its own. */
export class PeerError extends Error {
  override name = "PeerError";
}

/** Reads the first line of a peer. */
export function introduction(line: string): Introduction {
  const { missing, name, ways } = parsed(line);
  if (typeof missing === "string") throw new PeerError(missing);
  const lists = Object.values(ways ?? {});
  if (typeof name === "string" && lists.length > 0 && lists.every(Array.isArray)) return { name, ways };
  throw new PeerError(`it does not say who it is, but: ${line}`);
}

/** Reads what a peer answers. */
export function time(line: string): Time {
  const { error, ms, cpu_ms } = parsed(line);
  if (typeof error === "string") throw new PeerError(error);
  if (ms > 0 && cpu_ms >= 0) return { ms, cpu_ms };
  throw new PeerError(`it does not answer with a time, but: ${line}`);
}

// deno-lint-ignore no-explicit-any -- whatever another program writes
function parsed(line: string): any {
  try {
    return Object(JSON.parse(line));
  } catch {
    throw new PeerError(`it does not answer in JSON, but: ${line}`);
  }
}

/** A framework at work. */
export class Peer implements Introduction, AsyncDisposable {
  private constructor(
    readonly name: string,
    readonly ways: Record<string, string[]>,
    private readonly conversation: Conversation,
  ) {}

  /**
   * Starts a program and hears who it is.
   *
   * @throws {PeerError} If there is no such program, or what it needs is missing.
   */
  static async start(command: string, args: string[]): Promise<Peer> {
    const conversation = new Conversation(command, args);
    try {
      const { name, ways } = introduction(await conversation.hear());
      return new Peer(name, ways, conversation);
    } catch (error) {
      await conversation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Has it take one step, after some to warm up where it is the first of its kind. */
  async step(model: string, way: string): Promise<Time> {
    await this.conversation.say(`${model} ${way}`);
    return time(await this.conversation.hear());
  }

  /** Ends the process, and waits until it has ended. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.conversation[Symbol.asyncDispose]();
  }
}

/** A process that one speaks with in lines. */
class Conversation implements AsyncDisposable {
  private readonly child: Deno.ChildProcess;
  private readonly mouth: WritableStreamDefaultWriter<Uint8Array>;
  private readonly answers: AsyncGenerator<string, undefined>;
  private readonly complaints: Promise<string>;

  constructor(command: string, args: string[]) {
    try {
      this.child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) throw new PeerError(`there is no such program`);
      throw error;
    }
    this.mouth = this.child.stdin.getWriter();
    this.answers = lines(this.child.stdout);
    this.complaints = new Response(this.child.stderr).text();
  }

  async say(line: string): Promise<void> {
    await this.mouth.write(new TextEncoder().encode(`${line}\n`)).catch(() => {}); // if it has ended, `hear` says why
  }

  async hear(): Promise<string> {
    const { value } = await this.answers.next();
    if (value !== undefined) return value;
    const last = (await this.complaints).trim().split("\n").at(-1);
    throw new PeerError(last ? `it has ended: ${last}` : "it has ended without a word");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mouth.close().catch(() => {});
    while (!(await this.answers.next()).done);
    await Promise.all([this.child.status, this.complaints]);
  }
}

/** The lines of a stream of bytes, without their ends. */
export async function* lines(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  let begun = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const whole = (begun + text).split("\n");
    begun = whole.pop()!;
    yield* whole;
  }
}
