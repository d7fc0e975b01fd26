import { assert, assertEquals, AssertionError, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";

/** Whether Node's own comparison, an oracle, says that two values are equal. */
function nodeSays(a: unknown, b: unknown): boolean {
  try {
    deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

function weSay(a: unknown, b: unknown): boolean {
  try {
    assertEquals(a, b);
    return true;
  } catch (error) {
    assert(error instanceof AssertionError);
    return false;
  }
}

class Other {
  constructor(readonly a: number) {}
}

Deno.test("assertEquals finds equal what Node finds equal", () => {
  const values = [
    0,
    -0,
    1,
    NaN,
    "",
    "0",
    null,
    undefined,
    true,
    [],
    [0],
    [-0],
    [undefined],
    [1, 2],
    {},
    { a: 1 },
    { a: undefined },
    { b: 1, a: 1 },
    { a: 1, b: 1 },
    { 0: 1, 1: 2 },
    new Other(1),
    new Map([[1, { a: 1 }]]),
    new Map([[1, { a: 2 }]]),
    new Set([1, 2]),
    new Set([2, 1]),
    new Set([[1]]),
    new Date(0),
    new Date(1),
    /a/,
    /a/g,
    new Error("a"),
    new Error("b"),
    new TypeError("a"),
    Float32Array.of(1, NaN),
    Float64Array.of(1, NaN),
    Uint8Array.of(1, 2),
    Uint8Array.of(1, 2).buffer,
    Uint8Array.of(1, 3).buffer,
    [[1, [2, { a: [3] }]]],
  ];
  const copies = values.map((value) => structuredClone(value instanceof Other ? 0 : value));
  values.forEach((a, i) => values.forEach((b, j) => assert(weSay(a, b) === nodeSays(a, b), `${i} and ${j}`)));
  values.forEach((a, i) => copies.forEach((b, j) => assert(weSay(a, b) === nodeSays(a, b), `${i} and copy ${j}`)));
});

Deno.test("and so it does on values of every form", () => {
  const value = fc.object({ withMap: true, withSet: true, withTypedArray: true, withNullPrototype: true, maxDepth: 3 });
  fc.assert(fc.property(value, value, (a, b) => weSay(a, b) === nodeSays(a, b)));
  fc.assert(fc.property(fc.clone(value, 2), ([a, b]) => weSay(a, b)));
});

Deno.test("a difference is shown apart from what is the same", () => {
  const [a, b] = [{ x: [1, 2, 3], y: "same" }, { x: [1, 4, 3], y: "same" }];
  const { message } = assertThrows(() => assertEquals(a, b, "two objects"), AssertionError);
  assertStringIncludes(message, "Values are not equal: two objects");
  assertMatch(message, /\+ actual\s+1: 2,\n- expected\s+1: 4,$/);
  assert(!message.includes("same"), message);
});
