/**
 * The references, made anew, and the samplers on ten million draws of each of ten seeds. `deno task test:long`.
 */
import { assert } from "@std/assert";
import { assertNormal, assertUniform } from "./_draws.ts";
import { ROOT, testIf } from "./_run.ts";

/** The first Python that can compute the references. */
async function pythonWithMpmath(): Promise<string | undefined> {
  for (const command of ["python3", "/usr/bin/python3"]) {
    const run = new Deno.Command(command, { args: ["-c", "import mpmath"], stdout: "null", stderr: "null" });
    if (await run.output().then(({ success }) => success, () => false)) return command;
  }
}

const python = await pythonWithMpmath();

testIf(python !== undefined, "python3 with mpmath", "the references are what their script computes", async () => {
  const { stdout } = await new Deno.Command(python!, { args: ["test/make_references.py"], cwd: ROOT }).output();
  assert(new TextDecoder().decode(stdout) === await Deno.readTextFile(new URL("test/references.json", ROOT)));
});

Deno.test("ten million normals follow Φ and ten million uniforms are uniform, for ten seeds", () => {
  for (let seed = 1; seed <= 10; seed++) {
    assertNormal(seed, 10_000_000);
    assertUniform(seed, 10_000_000);
  }
});
