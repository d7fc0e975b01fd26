/**
 * The lessons as a user runs them: in processes of their own, without permissions, and with nobody to ask.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { audited } from "./_audit.ts";
import { gzip, writeIdx } from "./_idx.ts";
import { LESSONS } from "./_lessons.ts";
import { deno, type Ended, granted, ROOT, testIf, withTempDir } from "./_run.ts";
import readme from "../lessons/README.md" with { type: "text" };

const runs = await granted({ name: "run" }) && await granted({ name: "env" });
const writes = runs && await granted({ name: "read" }) && await granted({ name: "write" });
const testRun = testIf.bind(undefined, runs, "--allow-run --allow-env");
const testFiles = testIf.bind(undefined, writes, "--allow-run --allow-env --allow-read --allow-write");
const hasGpu = Boolean(await navigator.gpu?.requestAdapter());
const mnist = await granted({ name: "env" }) ? Deno.env.get("MNIST_DIR") : undefined;

/** Runs a lesson with these flags, and Deno with those. */
function lesson(
  name: string,
  flags: string[] = [],
  ofDeno: string[] = [],
  env: Record<string, string> = {},
): Promise<Ended> {
  return deno(["run", "--no-prompt", ...ofDeno, `lessons/${name}.ts`, ...flags], { env });
}

/** Asserts that a run ended with this code and one sentence, and no lesson's worth of output or stack. */
function assertSentence({ code, out, err }: Ended, wantedCode: number, sentence: string | RegExp) {
  assertEquals(code, wantedCode, err);
  const lines = err.trimEnd().split("\n");
  assertEquals(lines.length, 1, err);
  if (typeof sentence === "string") assertEquals(lines[0], sentence);
  else assertMatch(lines[0], sentence);
  assert(!out.includes("✗"), out);
}

/** The JSON at the end of a run's output. */
const lastLine = ({ out }: Ended) => JSON.parse(out.trimEnd().split("\n").at(-1)!);

/** Asserts that a lesson ran well, as one reads it in a pipe; returns its JSON. */
function assertGoodRun(name: string, usesData: boolean, run: Ended) {
  const { code, signal, out, err } = run;
  assertEquals([code, signal, err], [0, null, ""]);
  assert(!out.includes("\x1b"), "no escape codes into a pipe");
  const found = lastLine(run);
  assertEquals([found.lesson, found.backend, found.kernels, found.data, found.seed], [
    name,
    "wasm",
    "relaxed",
    usesData ? "digits" : null,
    0,
  ]);
  // Every claim is a line of its own that begins with a tick, and nothing else does.
  const lines = out.split("\n");
  const ticks = lines.filter((line) => line.startsWith("  ✓ "));
  assertEquals(lines.filter((line) => line.includes("✗")), []);
  assertEquals(ticks.length, found.claims.length);
  for (const [i, { claim, holds, expected }] of found.claims.entries()) {
    assertEquals([holds, expected === null], [true, false]);
    assertStringIncludes(ticks[i], `  ✓ ${claim}: `);
  }
  return found;
}

testFiles("each lesson as a user runs it: no permissions, no prompt, the defaults", async (t) => {
  const lane = async (number: 0 | 1) => {
    const found = [];
    for (const { name, usesData } of LESSONS.filter(({ lane }) => lane === number)) {
      found.push({ name, usesData, run: await audited([`lessons/${name}.ts`, "--json"]) });
    }
    return found;
  };
  for (const { name, usesData, run } of (await Promise.all([lane(0), lane(1)])).flat()) {
    await t.step(name, () => {
      const found = assertGoodRun(name, usesData, run);
      assertEquals(run.asked, [], "what Deno's audit says it asked for");
      if (name !== "07_conv_vae") return;
      const sample = readme.split("```text\n…\n")[1].split("```")[0];
      for (const part of sample.split("\n…\n")) assertStringIncludes(run.out, part.trim(), "the README's sample");
      for (const half of ["train", "test"]) {
        assertEquals(found[half].length, found.options.epochs, "one record an epoch");
        for (const losses of found[half]) {
          assertEquals(Object.keys(losses), ["loss", "reconstruction", "kl"]);
          const whole = Math.abs(losses.reconstruction + losses.kl - losses.loss) < 1e-3; // but while β warms up
          assert((whole || half === "train") && losses.kl > 0);
        }
      }
    });
  }
});

testRun("without --json there is none, and colours come by no environment into a pipe", async () => {
  const { code, out, err } = await lesson("04_kl", ["--samples", "1000"], [], { FORCE_COLOR: "1", NO_COLOR: "" });
  assertEquals([code, err], [0, ""]);
  assert(!out.includes("\x1b") && !out.includes("{"));
});

testRun("the same seed says the same, another seed something else", async () => {
  const out = async (seed: string) => (await lesson("04_kl", ["--samples", "1000", "--seed", seed, "--json"])).out;
  const [one, again, other] = [await out("5"), await out("5"), await out("6")];
  assertEquals(one, again);
  assert(one !== other);
});

testRun("on cpu, too", async () => {
  const run = await lesson("04_kl", ["--samples", "1000", "--json", "--backend", "cpu"]);
  assertEquals([run.code, lastLine(run).backend, lastLine(run).kernels], [0, "cpu", "tfjs"]);
});

testRun("a mistake in the flags: a sentence, the list of flags, exit code 2", async () => {
  for (
    const [flags, sentence] of [
      [
        ["--epochs", "0"],
        "error: option '--epochs <number>' argument '0' is invalid. It must be a whole number of at least 1.",
      ],
      [
        ["--latent", "0"],
        "error: option '--latent <number>' argument '0' is invalid. It must be a whole number of at least 1.",
      ],
      [["--epoch", "1"], "error: unknown option '--epoch'"],
      [["--backend", "gpu"], "error: option '--backend <name>' argument 'gpu' is invalid. Allowed choices are wasm, "],
    ] as const
  ) {
    const { code, out, err } = await lesson("07_conv_vae", [...flags]);
    assertEquals([code, out], [2, ""]);
    assert(err.startsWith(sentence), err);
    for (const flag of ["--backend", "--epochs", "--batch", "--latent"]) assertStringIncludes(err, `  ${flag} <`);
    assert(!err.includes("at file:"));
  }
});

testRun("false claims: their lines, a sentence each, exit code 1", async () => {
  const { code, out, err } = await lesson("04_kl", ["--samples", "1"]); // one draw has a standard error of zero
  assertEquals(code, 1);
  assertMatch(out, /^ {2}✗ .+$/m);
  assertMatch(err, /^(This claim is false: .+\.\n)+$/);
  assertEquals(err.match(/is false/g)!.length, out.match(/^ {2}✗/gm)!.length);
});

testIf(
  runs && Deno.build.os !== "windows",
  "--allow-run, and signals as POSIX has them",
  "interrupted: 130",
  async () => {
    const args = ["run", "--no-prompt", "lessons/05_elbo.ts"];
    const process = new Deno.Command(Deno.execPath(), {
      args,
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = process.stdout.getReader();
    assert(!(await reader.read()).done, "it has begun");
    process.kill("SIGINT");
    const { code, signal } = await process.status;
    assertEquals([code, signal], [130, "SIGINT"]); // nothing trains yet: the system's own doing
    await reader.cancel();
    assertEquals(await new Response(process.stderr).text(), "");
  },
);

testIf(
  runs && Deno.build.os === "linux",
  "--allow-run, and Linux's /dev/full",
  "output onto a full disk is one sentence and exit code 1; where nobody reads on, nothing is said",
  async () => {
    const shell = async (script: string) => {
      const args = ["-c", script, Deno.execPath(), "run", "--no-prompt"];
      const { code, stdout, stderr } = await new Deno.Command("sh", { args, cwd: ROOT, env: { NO_COLOR: "1" } })
        .output();
      return [code, ...[stdout, stderr].map((bytes) => new TextDecoder().decode(bytes))];
    };
    const full = "Cannot write to standard output: No space left on device (os error 28).\n";
    const small = "07_conv_vae.ts --images 16 --batch 8"; // it waits for other things than what it shows
    for (const lesson of ["04_kl.ts", "04_kl.ts --json", "04_kl.ts --help", "01_autoencoder.ts", small]) {
      assertEquals(await shell(`"$0" "$@" lessons/${lesson} > /dev/full`), [1, "", full], lesson);
    }
    assertEquals(await shell(`{ "$0" "$@" lessons/04_kl.ts --json; echo $? >&2; } | head -1`), [0, "\n", "0\n"]);
  },
);

// ## WebGPU

testRun("--backend webgpu without an adapter: one sentence, exit code 1, no other backend in its place", async () => {
  const nowhere = { DENO_WEBGPU_BACKEND: Deno.build.os === "darwin" ? "dx12" : "metal" }; // the system has no such thing
  const run = await lesson("04_kl", ["--backend", "webgpu", "--json"], [], nowhere);
  assertSentence(run, 1, "The webgpu backend needs a GPU adapter, and this machine offers none: try wasm.");
  assertEquals(run.out, "");
  const auto = await lesson("04_kl", ["--backend", "auto", "--json", "--samples", "1000"], [], nowhere);
  assertEquals([auto.code, lastLine(auto).backend], [0, "wasm"]);
});

testIf(runs && hasGpu, "--allow-run and a WebGPU adapter", "--backend webgpu where there is an adapter", async () => {
  const run = await lesson("04_kl", ["--backend", "webgpu", "--json", "--samples", "1000"]);
  assertEquals(run.code, 0, run.err);
  const { backend, kernels, adapter, claims } = lastLine(run);
  assertEquals([backend, kernels, typeof adapter], ["webgpu", "tfjs", "string"]);
  assert(claims.every(({ holds }: { holds: boolean }) => holds));
});

// ## Data

const SMALL = {
  "train-images-idx3-ubyte": writeIdx([5, 28, 28]),
  "train-labels-idx1-ubyte": writeIdx([5]),
  "t10k-images-idx3-ubyte": writeIdx([3, 28, 28]),
  "t10k-labels-idx1-ubyte": writeIdx([3]),
};

testFiles(
  "--data at a directory that cannot be used: one sentence, exit code 2",
  () =>
    withTempDir(async (directory) => {
      const packed = await gzip(SMALL["train-images-idx3-ubyte"]);
      const mistakes: [Record<string, Uint8Array<ArrayBuffer> | undefined>, string][] = [
        [
          { "t10k-labels-idx1-ubyte": undefined },
          "DIR has no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz: expected ",
        ],
        [
          { "train-images-idx3-ubyte": SMALL["train-images-idx3-ubyte"].subarray(0, 999) },
          "DIR/train-images-idx3-ubyte is cut short: ",
        ],
        [
          { "train-images-idx3-ubyte": undefined, "train-images-idx3-ubyte.gz": packed.subarray(0, 90) },
          "DIR/train-images-idx3-ubyte.gz is broken: ",
        ],
        [
          {
            "train-images-idx3-ubyte": SMALL["train-labels-idx1-ubyte"],
            "train-labels-idx1-ubyte": SMALL["train-images-idx3-ubyte"],
          },
          "DIR/train-images-idx3-ubyte holds an array of rank 1 (labels); expected rank 3 (images).",
        ],
        [
          { "train-images-idx3-ubyte": undefined, "train-images-idx3-ubyte.gz": new TextEncoder().encode("<html>") },
          "DIR/train-images-idx3-ubyte.gz is not gzip: ",
        ],
        [
          { "t10k-images-idx3-ubyte": writeIdx([3, 32, 32]) },
          "DIR/t10k-images-idx3-ubyte has images of 32 x 32 pixels; expected 28 x 28.",
        ],
        [{ "t10k-labels-idx1-ubyte": writeIdx([4]) }, "do not belong together: 3 images, 4 entries."],
      ];
      for (const [i, [changes, sentence]] of mistakes.entries()) {
        const data = `${directory}/${i}`;
        await Deno.mkdir(data);
        for (const [name, bytes] of Object.entries({ ...SMALL, ...changes })) {
          if (bytes) await Deno.writeFile(`${data}/${name}`, bytes);
        }
        const run = await lesson("02_likelihood", ["--data", data], ["--allow-read"]);
        assertSentence(run, 2, /./);
        assertStringIncludes(run.err.replaceAll(data, "DIR"), sentence);
      }
      const nowhere = await lesson("07_conv_vae", ["--data", `${directory}/no`], ["--allow-read"]);
      assertSentence(nowhere, 2, /^There is no ".*\/no": expected a directory with /);
    }),
);

testRun("--data without the permission: one sentence with the flag to add, exit code 1", async () => {
  const read = await lesson("02_likelihood", ["--data", "some/where"]);
  assertSentence(read, 1, "Reading some/where requires a permission: add --allow-read=some/where.");
  const named = await lesson("02_likelihood", ["--data", "fashion"]);
  const names = 'If no directory is meant: the names of data sets are "digits" and "mnist".';
  assertSentence(named, 1, `Reading fashion requires a permission: add --allow-read=fashion. ${names}`);
});

testRun("--data mnist without the network: one sentence with the flag to add, exit code 1", async () => {
  const elsewhere = "--location=https://nothing-is-cached-here.invalid/"; // the user's own cache may have MNIST
  const run = await lesson("02_likelihood", ["--data", "mnist"], [elsewhere]);
  assertSentence(run, 1, /^Cannot fetch .* requires a permission; add --allow-net=storage\.googleapis\.com,/);
});

testIf(runs && mnist !== undefined, "--allow-run and MNIST_DIR", "lesson 02 on MNIST itself", async () => {
  const run = await lesson("02_likelihood", ["--data", mnist!, "--json"], [`--allow-read=${mnist}`]);
  assertEquals([run.code, run.err], [0, ""]);
});

// ## Pictures

testRun("mod.ts loads no package that draws, prints or reads flags", async () => {
  const { modules, redirects, roots } = JSON.parse((await deno(["info", "--json", "mod.ts"])).out);
  const reached = new Set<string>(roots);
  for (const name of reached) {
    const module = modules.find(({ specifier }: { specifier: string }) => specifier === (redirects[name] ?? name));
    for (const { code, isDynamic } of module?.dependencies ?? []) if (!isDynamic) reached.add(code?.specifier ?? name);
  }
  const packages = [...reached].flatMap((name) => /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(name)?.[1] ?? []);
  const wanted = ["@tensorflow/tfjs", "@tensorflow/tfjs-backend-wasm", "ml-matrix", "pure-rand"];
  assertEquals([...new Set(packages)].toSorted(), wanted);
});

testFiles(
  "what lesson 7 saves, lesson 8 loads; another architecture, or a place that is taken, is refused",
  () =>
    withTempDir(async (directory) => {
      const model = `${directory}/model`;
      const files = [`--allow-read=${model}`, `--allow-write=${model}`];
      // Too few images to learn from, so both end with a false claim: that the held-out loss is lower than without looking.
      const saved = await lesson("07_conv_vae", ["--images", "40", "--batch", "20", "--save", model, "--json"], files);
      const loaded = await lesson("08_latent_map", ["--load", model, "--json"], [`--allow-read=${model}`]);
      assertEquals([saved.code, loaded.code], [1, 1], saved.err + loaded.err);
      assertEquals(lastLine(loaded).test, lastLine(saved).test.at(-1), "the same held-out loss to the last bit");
      const other = await lesson("07_conv_vae", ["--latent", "3", "--load", model], [`--allow-read=${model}`]);
      assertSentence(other, 2, /model of a different architecture: its layer 5 \(Dense\) has units 2, expected 3\.$/);
      const taken = await lesson("07_conv_vae", ["--save", model], files);
      assertSentence(taken, 2, `${model} already exists and is not overwritten: name another directory.`);
      const refused = await lesson("08_latent_map", ["--load", model]);
      assertSentence(refused, 1, `Reading ${model} requires a permission: add --allow-read=${model}.`);
    }),
);

testFiles("--out: pictures as files; the second time nothing is overwritten", () =>
  withTempDir(async (directory) => {
    // The smallest lesson with pictures of its own.
    const tiny = `
      import * as tf from "@tensorflow/tfjs";
      import { runLesson } from "${new URL("mod.ts", ROOT)}";
      await runLesson({
        name: "tiny", question: "Is it so?", text: "/** # 0. Is it so? */", defaults: {},
        async lesson(_, show) {
          const [images, points] = [tf.ones([2, 4, 4, 1]), tf.tensor2d([[0, 0], [1, 1]])];
          await show.images("map", "two", images, { columns: 2 });
          await show.scatter("points", "two", points, Uint8Array.of(1, 2));
        },
      });`;
    const [program, pictures] = [`${directory}/tiny.ts`, `${directory}/pictures`];
    await Deno.writeTextFile(program, tiny);
    const config = `--config=${new URL("deno.json", ROOT).pathname}`;
    const lock = `--lock=${new URL("deno.lock", ROOT).pathname}`; // or packages are looked up again
    const start = (...ofDeno: string[]) =>
      deno(["run", "--no-prompt", lock, "--frozen", config, ...ofDeno, program, "--out", pictures]);
    const refused = await start();
    assertSentence(refused, 1, `Writing to ${pictures} requires a permission: add --allow-write=${pictures}.`);
    assertEquals(refused.out, "", "said before the lesson begins");
    const { code, err } = await start(`--allow-write=${pictures}`);
    assertEquals([code, err], [0, ""]);
    const names = await Array.fromAsync(Deno.readDir(pictures), ({ name }) => name);
    assertEquals(names.toSorted(), ["index.html", "map.png", "points.svg"]);
    const png = decode(await Deno.readFile(`${pictures}/map.png`));
    assertEquals([png.width, png.height, png.data.every((grey) => grey === 255)], [8, 4, true]);
    const again = await start(`--allow-write=${pictures}`);
    assertEquals(again.out, "", "said before the lesson begins");
    assertSentence(again, 2, /\/pictures already exists and is not overwritten: name another directory\.$/);
  }));
