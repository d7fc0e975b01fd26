/**
 * What the terminal at hand can do, found out without a permission: by asking the terminal itself.
 *
 * @module
 */
import type { Colour } from "./paint.ts";

/** What a terminal can do. */
export interface TerminalOptions {
  /** Characters in a line. */
  columns: number;
  /** Which colours it has; without any, no escape codes at all are written. */
  colour: Colour;
  /** Whether to break longer lines between words, for a person to read; a pipe gets whole lines. */
  fold?: boolean;
  /** Whose way of taking a PNG it understands, if anybody's. */
  graphics?: "kitty" | "iterm";
}

/** Three questions: the terminal's name, whether it takes kitty's pictures, and, as every terminal answers it, what it is. */
export const QUESTIONS = "\x1b[>q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[c";

/** Keys and answers as they come in; it calls `heard` until it is closed. */
export type Listen = (heard: (text: string) => void) => { close(): void };

/** What a terminal answered; `undefined` if it did not, and `interrupted` if somebody pressed Ctrl-C meanwhile. */
export type Answer = Pick<TerminalOptions, "colour" | "graphics"> | "interrupted" | undefined;

/**
 * Asks a terminal in raw mode.
 *
 * @param write Writes to it.
 * @param listen Reads from it.
 * @param patience How long to wait, in milliseconds.
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
      const last = () => setTimeout(() => resolve(undefined)); // after what has come in meanwhile
      timer = setTimeout(last, patience);
      write(QUESTIONS);
    });
  } finally {
    clearTimeout(timer);
    keyboard?.close();
  }
}

/** What the answers mean, once the last question is answered. */
function understood(heard: string): Answer {
  if (heard.includes("\x03")) return "interrupted";
  // deno-lint-ignore no-control-regex -- terminals answer in escape codes
  if (!/\x1b\[\?[\d;]*c/.test(heard)) return undefined;
  // deno-lint-ignore no-control-regex -- terminals answer in escape codes
  const name = /\x1bP>\|([^\x1b]*)/.exec(heard)?.[1];
  const answer: Answer = { colour: name ? "true" : "256" }; // a terminal that knows this question knows all colours
  if (heard.includes("\x1b_Gi=31;OK")) answer.graphics = "kitty";
  else if (name && /^(iTerm2|WezTerm)/.test(name)) answer.graphics = "iterm";
  return answer;
}

/**
 * What the terminal that this process runs in can do.
 *
 * @returns A function that says so, with the width of the moment: a window may be resized.
 */
export async function thisTerminal(): Promise<() => TerminalOptions> {
  const fold = Deno.stdout.isTerminal();
  const can = fold && !Deno.noColor && granted("TERM") !== "dumb" ? await coloured() : { colour: false as const };
  const width = () => fold && Deno.consoleSize().columns || 80; // a terminal may not know, and say 0
  return () => ({ columns: Math.max(10, width()), fold, ...can });
}

/** What a terminal can do that is not known to be without colours. */
async function coloured(): Promise<Exclude<Answer, string | undefined>> {
  if (Deno.build.os === "windows") return { colour: "true" }; // as all its consoles since 2017
  const named = /^(truecolor|24bit)$/.test(granted("COLORTERM") ?? "");
  if (!Deno.stdin.isTerminal()) return { colour: named ? "true" : "256" };
  const answer = await askThis();
  if (answer) return named ? { ...answer, colour: "true" } : answer;
  return { colour: named ? "true" : granted("TERM") ? "256" : false }; // it answers no codes, so it may know none
}

/** A variable of the environment, where reading it is permitted without a question. */
function granted(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

async function askThis(): Promise<Exclude<Answer, "interrupted">> {
  const { stdin } = await import("node:process"); // its reads can be given up: those of Deno.stdin eat the next line
  const text = new TextDecoder();
  Deno.stdin.setRaw(true); // so that answers are neither printed nor kept until Enter
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
