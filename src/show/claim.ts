/**
 * Claims: statements of a lesson that are checked as it runs.
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

/** The error for false claims. */
export class ClaimError extends Error {
  /** The class's name. */
  override name = "ClaimError";

  /**
   * The message has one sentence for each claim.
   *
   * @param claims The false claims, in the order in which they were made.
   */
  constructor(readonly claims: Claim[]) {
    super(claims.map((claim) => `This claim is false: ${claimText(claim)}.`).join("\n"));
  }
}

type Check = (found: never, expected: never, margin?: never) => void;

/** Checks a claim. NaN and infinities always fail, whatever the assertion says. */
export function checkClaim(what: string, check: Check, measured: Measured<number | string>): Claim {
  const { found, expected, margin } = measured;
  const finite = [found, expected, margin ?? 0].every((value) => typeof value === "string" || Number.isFinite(value));
  const holds = finite && passes(check, found, expected, margin);
  return { kind: "claim", what, relation: relationOf(check), holds, ...measured };
}

/** A claim as one line: what it is about, the found and the expected value, the margin, and their source. */
export function claimText({ what, relation, found, expected, margin, from }: Omit<Claim, "kind" | "holds">): string {
  const within = margin === undefined ? "" : ` ± ${figureText(margin)}`;
  return `${what}: ${figureText(found)}, expected ${relation}${figureText(expected)}${within} (${from})`;
}

/** For which of (0, 1), (1, 1) and (1, 0) each relation holds, and its words in a claim. */
const RELATIONS: Record<string, string> = {
  "true,false,false": "less than ",
  "true,true,false": "at most ",
  "false,false,true": "more than ",
  "false,true,true": "at least ",
};

/** The relation that an assertion checks. It is found by trying, because a minifier changes the assertion's name. */
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
