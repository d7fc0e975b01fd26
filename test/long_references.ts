/**
 * The references, made anew, and the samplers on ten million draws of each of ten seeds. `deno task test:long`.
 */
import { assert } from "@std/assert";
import { assertNormal, assertUniform } from "./_draws.ts";
import { python, pythonWith } from "./_python.ts";
import { ROOT, testIf } from "./_run.ts";

const command = await pythonWith("mpmath");

testIf(command !== undefined, "python3 with mpmath", "the references are what their script computes", async () => {
  const made = await python(command!, [new URL("test/make_references.py", ROOT).pathname]);
  assert(made === await Deno.readTextFile(new URL("test/references.json", ROOT)));
});

Deno.test("ten million normals follow Φ and ten million uniforms are uniform, for ten seeds", () => {
  for (let seed = 1; seed <= 10; seed++) {
    assertNormal(seed, 10_000_000);
    assertUniform(seed, 10_000_000);
  }
});
