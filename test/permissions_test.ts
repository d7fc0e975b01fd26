/**
 * That a flag in a message can be pasted: a shell reads it back as the path, and Deno grants that path.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { loadMnist } from "../src/data/mnist.ts";
import { EnvironmentError } from "../src/errors.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { loadVae } from "../src/models/saved/load_vae.ts";
import { saveVae } from "../src/models/saved/save_vae.ts";
import { newDirectory } from "../src/disk/write.ts";
import { permissionFlag, shellQuote } from "../src/disk/permissions.ts";
import { CheckpointDirectory } from "../src/training/checkpoints/directory.ts";
import { startBackend } from "./_backends.ts";
import { granted, testIf, withTempDir } from "./_run.ts";

const runs = await granted({ name: "run" }) && Deno.build.os !== "windows";
const writes = runs && await granted({ name: "read" }) && await granted({ name: "write" });

Deno.test("a plain path stands as it is; any other is in quotes", () => {
  for (const plain of ["night", "some/where", "/a/b-c_d.e", "../x", "k=l", "naïve/Größe", "データ"]) {
    assertEquals(permissionFlag("read", plain), `--allow-read=${plain}`);
  }
  assertEquals(permissionFlag("write", "my models"), "--allow-write='my models'");
  assertEquals(permissionFlag("write", "Ann's"), String.raw`--allow-write='Ann'\''s'`);
  assertEquals(permissionFlag("read", "~x"), "--allow-read='~x'");
  assertEquals(permissionFlag("read", ""), "--allow-read=''");
  assertEquals(
    `add ${permissionFlag("read", "..")}.`,
    "add --allow-read='..'.",
    "else the sentence's dot were the path's",
  );
});

Deno.test("a path with a comma is granted by the directory above it", () => {
  const flags = ["a/b,c/d", "b,c", "/a/b/,", "/b,c", "my models/b,c"].map((path) => permissionFlag("read", path));
  assertEquals(flags, ["a/", "./", "/a/b/", "/", "'my models/'"].map((path) => `--allow-read=${path}`));
});

Deno.test({
  name: "every sentence that asks for a path can be pasted from",
  permissions: "none",
  async fn() {
    await startBackend("cpu");
    const vae = denseVae({ latent: 2, hidden: 3, shape: [4] });
    const path = "my models";
    const [read, write] = ["--allow-read='my models'", "--allow-write='my models'"];
    for (
      const [ask, sentence] of [
        [() => newDirectory(path), `Writing to ${path} requires a permission: add ${write}.`],
        [() => saveVae(vae, path), `Writing to ${path} requires a permission: add ${write}.`],
        [() => loadVae(vae, path), `Reading ${path} requires a permission: add ${read}.`],
        [() => loadMnist({ directory: path }), `Reading ${path} requires a permission: add ${read}.`],
        [
          () => CheckpointDirectory.open(path, true),
          `Checkpoints in ${path} require two permissions: add ${read} ${write}.`,
        ],
      ] as const
    ) {
      const { message } = await assertRejects<Error>(ask, EnvironmentError);
      assertEquals(message, sentence);
    }
    vae.dispose();
  },
});

testIf(runs, "--allow-run, and a POSIX shell", "a shell reads back every word", async () => {
  const unit = fc.oneof(
    fc.constantFrom(..." '\"\\$`!*?~#&;|<>(){}[]\n\t.,-=é"),
    fc.string({ unit: "grapheme", maxLength: 1 }),
  );
  const word = fc.string({ unit }).filter((text) => !text.includes("\0"));
  const words = fc.sample(word, { numRuns: 1000, seed: 1 });
  const script = words.map((word) => `printf '%s\\0' ${shellQuote(word)}`).join("\n");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
});

testIf(
  writes,
  "--allow-run --allow-read --allow-write, and a POSIX shell",
  "Deno grants what the flags name",
  () =>
    withTempDir(async (parent) => {
      const program = `${parent}/program.ts`;
      await Deno.writeTextFile(program, `for (const path of Deno.args) Deno.mkdirSync(path), Deno.readDirSync(path);`);
      for (const name of ["plain", "my models", "Ann's", "a,b", ",", "$HOME", '"q"', "\\", "~", "*"]) {
        const path = `${parent}/${name}`;
        const flags = (["read", "write"] as const).map((kind) => permissionFlag(kind, path)).join(" ");
        const line = `${shellQuote(Deno.execPath())} run --no-prompt ${flags} ${shellQuote(program)} ${
          shellQuote(path)
        }`;
        const { code, stderr } = await new Deno.Command("sh", { args: ["-c", line] }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], line);
      }
    }),
);
