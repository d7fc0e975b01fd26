/**
 * Claims: what must be true for a lesson to be right, checked while the reader watches.
 *
 * @module
 */
import { figureText } from "../wording.ts";
import type { LessonEvent, Measured } from "./events.ts";

/** An assertion of `@std/assert` that compares two values. */
export type Comparison<T> = (found: T, expected: T) => void;
/** `assertAlmostEquals`. */
export type Closeness = (found: number, expected: number, margin?: number) => void;

/** The event of a claim. */
export type Claim = LessonEvent & { kind: "claim" };

/** Claims that do not hold. */
export class ClaimError extends Error {
  /** The class's name. */
  override name = "ClaimError";

  /**
   * Its message has a sentence for each.
   *
   * @param claims The claims that are false, in the order in which they were made.
   */
  constructor(readonly claims: Claim[]) {
    super(claims.map((claim) => `This claim is false: ${claimText(claim)}.`).join("\n"));
  }
}

type Check = (found: never, expected: never, margin?: never) => void;

/** Checks a claim. NaN and infinities fail, whatever the assertion makes of them. */
export function checkClaim(what: string, check: Check, measured: Measured<number | string>): Claim {
  const { found, expected, margin } = measured;
  const finite = [found, expected, margin ?? 0].every((value) => typeof value === "string" || Number.isFinite(value));
  const holds = finite && passes(check, found, expected, margin);
  return { kind: "claim", what, relation: relationOf(check), holds, ...measured };
}

/** A claim as one line: what, found, expected, margin, and where they come from. */
export function claimText({ what, relation, found, expected, margin, from }: Omit<Claim, "kind" | "holds">): string {
  const within = margin === undefined ? "" : ` ± ${figureText(margin)}`;
  return `${what}: ${figureText(found)}, expected ${relation}${figureText(expected)}${within} (${from})`;
}

/** Which of (0, 1), (1, 1) and (1, 0) each relation holds for, and how a claim reads it. */
const RELATIONS: Record<string, string> = {
  "true,false,false": "less than ",
  "true,true,false": "at most ",
  "false,false,true": "more than ",
  "false,true,true": "at least ",
};

/** The relation an assertion stands for, found out by trying it: a minifier takes its name away. */
function relationOf(check: Check): string {
  const tried = [[0, 1], [1, 1], [1, 0]].map(([found, expected]) => passes(check, found, expected));
  return RELATIONS[tried.join()] ?? "";
}

function passes(check: Check, found: unknown, expected: unknown, margin?: number): boolean {
  try {
    if (margin === undefined) check(found as never, expected as never);
    else check(found as never, expected as never, margin as never);
    return true;
  } catch {
    return false;
  }
}
