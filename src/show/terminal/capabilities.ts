/**
 * Finds out what the terminal can do by asking the terminal itself, which needs no permission.
 *
 * @module
 */
import type { Colour } from "./paint.ts";

/** The capabilities of a terminal. */
export interface TerminalOptions {
  /** The number of characters in a line. */
  columns: number;
  /** The colours it supports. If it has none, no escape codes are written. */
  colour: Colour;
  /** Whether to break long lines between words for a human reader. Lines written to a pipe are not broken. */
  fold?: boolean;
  /** The protocol with which it shows a PNG, if it supports one. */
  graphics?: "kitty" | "iterm";
}

/**
 * Three queries: the terminal's name, whether it supports kitty's graphics, and its type, which every terminal answers.
 */
export const QUESTIONS = "\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";

/** Listens for keys and answers: calls `heard` with each until it is closed. */
export type Listen = (heard: (text: string) => void) => { close(): void };

/** A terminal's answer: `undefined` if there was none, and `interrupted` if the user pressed Ctrl-C. */
export type Answer = Pick<TerminalOptions, "colour" | "graphics"> | "interrupted" | undefined;

/**
 * Queries a terminal that is in raw mode.
 *
 * @param write Writes to the terminal.
 * @param listen Reads from the terminal.
 * @param patience How long to wait for answers, in milliseconds.
 */
export async function ask(write: (text: string) => void, listen: Listen, patience = 200): Promise<Answer> {
  let heard = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  let keyboard: { close(): void } | undefined;
  try {
    return await new Promise<Answer>((resolve) => {
      keyboard = listen((text) => {
        const answer = understood(heard += text);
        if (answer) resolve(answer);
      });
      const last = () => setTimeout(() => resolve(undefined)); // after handling pending input
      timer = setTimeout(last, patience);
      write(QUESTIONS);
    });
  } finally {
    clearTimeout(timer);
    keyboard?.close();
  }
}

/** Interprets the answers, once the last query has been answered. */
function understood(heard: string): Answer {
  if (heard.includes("\x03")) return "interrupted";
  // deno-lint-ignore no-control-regex -- terminals answer in escape codes
  if (!/\x1b\[\?[\d;]*c/.test(heard)) return undefined;
  // deno-lint-ignore no-control-regex -- terminals answer in escape codes
  const name = /\x1bP>\|([^\x1b]*)/.exec(heard)?.[1];
  // A terminal that answers the first query supports all colours.
  const answer: Answer = { colour: name ? "true" : "256" };
  if (heard.includes("\x1b_Gi=31;OK")) answer.graphics = "kitty";
  else if (name && /^(iTerm2|WezTerm)/.test(name)) answer.graphics = "iterm";
  return answer;
}

/**
 * Finds the capabilities of the terminal that this process runs in.
 *
 * @returns A function that returns them with the current width, because a window may be resized.
 */
export async function thisTerminal(): Promise<() => TerminalOptions> {
  const fold = Deno.stdout.isTerminal();
  const can = fold && !Deno.noColor && granted("TERM") !== "dumb" ? await coloured() : { colour: false as const };
  const width = () => fold && Deno.consoleSize().columns || 80; // a terminal that does not know its width says 0
  return () => ({ columns: Math.max(10, width()), fold, ...can });
}

/** The capabilities of a terminal that may have colours. */
async function coloured(): Promise<Exclude<Answer, string | undefined>> {
  if (Deno.build.os === "windows") return { colour: "true" }; // all Windows consoles since 2017 support it
  const named = /^(truecolor|24bit)$/.test(granted("COLORTERM") ?? "");
  if (!Deno.stdin.isTerminal()) return { colour: named ? "true" : "256" };
  const answer = await askThis();
  if (answer) return named ? { ...answer, colour: "true" } : answer;
  // A terminal that does not answer may support no codes.
  return { colour: named ? "true" : granted("TERM") ? "256" : false };
}

/** An environment variable, if it may be read without a prompt. */
function granted(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

async function askThis(): Promise<Exclude<Answer, "interrupted">> {
  // Its reads can be cancelled, while a read of Deno.stdin would swallow the next line.
  const { stdin } = await import("node:process");
  const text = new TextDecoder();
  Deno.stdin.setRaw(true); // so that answers are neither echoed nor buffered until Enter
  let answer: Answer;
  try {
    answer = await ask((questions) => Deno.stdout.writeSync(new TextEncoder().encode(questions)), (heard) => {
      const listener = (bytes: Uint8Array) => heard(text.decode(bytes));
      stdin.on("data", listener);
      return {
        close() {
          stdin.off("data", listener);
          stdin.pause();
          stdin.unref();
        },
      };
    });
  } finally {
    Deno.stdin.setRaw(false);
  }
  if (answer === "interrupted") Deno.exit(130);
  return answer;
}
