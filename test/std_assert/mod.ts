/**
 * A stand-in for the parts of Deno's `@std/assert` that this project uses, so that it builds where the registry of that
 * package cannot be reached. Same names and signatures as version 1.0.13; delete `links` in `deno.json` to use the
 * published package instead. It uses nothing of Deno or Node, because lessons run in a browser too.
 *
 * @module
 */

/** Thrown by every assertion here that does not hold. */
export class AssertionError extends Error {
  /** @param message What was expected and what was found. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

const suffix = (msg?: string) => (msg ? `: ${msg}` : ".");

/** Asserts that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Asserts that `actual` and `expected` are deeply equal: of the same type, the same parts, and 0 is not -0. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(`Values are not equal${suffix(msg)}\n${difference(actual, expected)}`);
}

function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof RegExp) return String(a) === String(b);
  if (a instanceof Error && (a.name !== (b as Error).name || a.message !== (b as Error).message)) return false;
  if (a instanceof ArrayBuffer) return equal(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (a instanceof Map || a instanceof Set) {
    const [ours, theirs] = [[...a], [...b as Iterable<unknown>]];
    return ours.length === theirs.length && ours.every((one) => theirs.some((other) => equal(one, other)));
  }
  if (Array.isArray(a) || isTyped(a)) {
    const other = b as typeof a;
    return a.length === other.length && a.every((value, i) => equal(value, other[i]));
  }
  const [ours, theirs] = [Object.keys(a), Object.keys(b)];
  return ours.length === theirs.length &&
    ours.every((key) => Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key)));
}

/** Whether a value is an array of numbers, such as a `Float32Array`. */
function isTyped(value: object): value is Uint8Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/** Two values as lines: what both have from their beginning and at their end is left out, but for a line or two. */
function difference(actual: unknown, expected: unknown): string {
  const [ours, theirs] = [show(actual).split("\n"), show(expected).split("\n")];
  const least = Math.min(ours.length, theirs.length);
  let [start, end] = [0, 0];
  while (start < least && ours[start] === theirs[start]) start++;
  while (end < least - start && ours.at(-1 - end) === theirs.at(-1 - end)) end++;
  const part = (lines: string[], sign: string) =>
    lines.slice(start, lines.length - end).slice(0, 40).map((line) => `${sign} ${line}`);
  const before = ours.slice(Math.max(0, start - 2), start).map((line) => `  ${line}`);
  return [...before, ...part(ours, "+ actual  "), ...part(theirs, "- expected")].join("\n");
}

/** A value as text, one part a line. */
function show(value: unknown, indent = "", above: unknown[] = []): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof Date || value instanceof RegExp || value instanceof Error) return String(value);
  if (above.includes(value)) return "(circular)";
  const more = `${indent}  `;
  const parts = value instanceof Map || value instanceof Set
    ? [...value].map((one) => show(one, more, [...above, value]))
    : Object.keys(value)
      .map((key) => `${key}: ${show(Reflect.get(value, key), more, [...above, value])}`);
  return `${value.constructor?.name ?? "null"} {\n${parts.map((part) => `${more}${part},\n`).join("")}${indent}}`;
}

/** Asserts that `actual` is within `tolerance` of `expected`; by default within 1e-7 of the expected magnitude. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  const difference = Math.abs(expected - actual);
  if (difference <= allowed) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to be close to "${expected}": delta "${difference}" is greater than "${allowed}"${
      suffix(msg)
    }`,
  );
}

/** Asserts `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw new AssertionError(`Expect ${actual} < ${expected}${suffix(msg)}`);
}

/** Asserts `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw new AssertionError(`Expect ${actual} <= ${expected}${suffix(msg)}`);
}

/** Asserts `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw new AssertionError(`Expect ${actual} > ${expected}${suffix(msg)}`);
}

/** Asserts `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw new AssertionError(`Expect ${actual} >= ${expected}${suffix(msg)}`);
}

/** Asserts that `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`);
  }
}

/** Asserts that `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
  }
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

function checkError<E extends Error>(error: unknown, errorClass?: ErrorClass<E>, includes?: string, msg?: string): E {
  if (errorClass && !(error instanceof errorClass)) {
    const found = error instanceof Error ? error.constructor.name : typeof error;
    throw new AssertionError(
      `Expected error to be instance of "${errorClass.name}", but was "${found}"${suffix(msg)}`,
      { cause: error },
    );
  }
  if (includes !== undefined) assertStringIncludes((error as Error).message, includes, msg);
  return error as E;
}

/** Asserts that `fn` throws an `errorClass` whose message includes `msgIncludes`; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to throw${suffix(msg)}`);
}

/** Asserts that the promise of `fn` rejects with an `errorClass` whose message includes `msgIncludes`. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass?: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, errorClass, msgIncludes, msg);
  }
  throw new AssertionError(`Expected function to reject${suffix(msg)}`);
}
