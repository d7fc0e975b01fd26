/**
 * The two packages, the library and its kernels, as they are published: `deno task release:check`.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { useBackend } from "../mod.ts";
import { pack } from "../src/kernels/build/pack.ts";
import { chromiumRuns, withChromium } from "./_chromium.ts";
import { assertNear } from "./_kernels.ts";
import { layerMatrix } from "./_layer_matrix.ts";
import { installed, type Project, serve } from "./_package.ts";
import { deno, granted, ROOT, testIf, withTempDir } from "./_run.ts";
import { filesIn, textOf } from "./_sources.ts";

const reads = await granted({ name: "read" });
const runs = reads && await granted({ name: "run" }) && await granted({ name: "env" });
const packs = runs && await granted({ name: "write" });

/** The folder of the kernels, a package of its own. */
const KERNELS = new URL("src/kernels/", ROOT);

testIf(reads, "--allow-read", "the kernels import nothing but tfjs from outside their folder", async () => {
  for (const path of await filesIn("src/kernels/", ".ts")) {
    if (/^src\/kernels\/(assembly|build)\//.test(path)) continue; // neither is published
    const text = await textOf(path);
    for (const [, specifier = ""] of text.matchAll(/^(?!\s*\*).*(?:^import |\bfrom |\bimport\()"([^"]+)"/gm)) {
      if (/^@tensorflow\/tfjs(-backend-wasm)?$/.test(specifier)) continue;
      assertMatch(new URL(specifier, new URL(path, ROOT)).href, RegExp(`^${KERNELS.href}.+\\.ts$`), path);
    }
  }
});

testIf(runs, "--allow-run --allow-env --allow-read", "both packages can be published", async () => {
  const flags = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const tries = await Promise.all([ROOT, KERNELS].map((cwd) => deno(flags, { cwd })));
  for (const [i, name] of ["@vae/steps", "@vae/kernels"].entries()) {
    const { code, err } = tries[i]!;
    assertEquals(code, 0, err);
    assertMatch(err, RegExp(`Simulating publish of ${name}@\\d+\\.\\d+\\.\\d+ with files:`));
    assertEquals(err.match(/^ +file:.*\/(test|assembly|site|deno\.lock|build\.ts)\b.*$/gm), null);
  }
});

testIf(
  reads,
  "--allow-read",
  "the kernels' licence is the project's, and their version is in their changelog",
  async () => {
    assertEquals(await textOf("src/kernels/LICENSE"), await textOf("LICENSE"));
    const { version } = JSON.parse(await textOf("src/kernels/deno.json"));
    assertMatch(await textOf("src/kernels/CHANGELOG.md"), RegExp(`^## ${version}\\b`, "m"));
  },
);

const needs = "--allow-run --allow-env --allow-read --allow-write --allow-net=127.0.0.1, and Chromium";
testIf(
  packs && await chromiumRuns(),
  needs,
  "the npm packages of the kernels and of the library",
  (t) =>
    withTempDir(async (directory) => {
      const tarball = await pack(directory);
      const library = `${directory}/steps.tgz`;
      const packed = await deno(["pack", "--allow-dirty", "--no-source-maps", "--output", library]);
      assertEquals(packed.code, 0, packed.err);
      await t.step(
        "the kernels are small, and have no tests, no sources of the assembly, no lock",
        () => holds(tarball, directory),
      );
      const project = await installed([tarball, library], directory);
      const step = (name: string, fn: (project: Project) => Promise<void>) =>
        "missing" in project
          ? t.step({ name: `${name} (ignored: npm cannot be reached: ${project.missing})`, ignore: true, fn() {} })
          : t.step(name, () => fn(project));
      await step("the kernels have types, also for their global", types);
      await step("they train in Node 20, 22 and 24 and in Deno, as their README says", inNode);
      await step("they refuse a tfjs of another version, and a page without the wasm backend, in a sentence", refusals);
      await step("they train every layer in Node 20, 22 and 24 and in Chromium as in Deno", layers);
      await step("they train on pages and in workers, as their README says", onPages);
      await step("the library trains in Deno", inDeno);
    }),
);

/** Asserts what the tarball holds, and its size. */
async function holds(tarball: string, directory: string): Promise<void> {
  assertLess((await Deno.stat(tarball)).size, 120_000);
  const { success } = await new Deno.Command("tar", { args: ["xzf", tarball], cwd: directory }).output();
  assert(success);
  const names = (await Array.fromAsync(Deno.readDir(`${directory}/package`), ({ name }) => name)).toSorted();
  const sources = (await filesIn("src/kernels/", ".ts")).filter((path) => path.split("/").length === 3);
  const modules = sources.map((path) => path.replace(/.*\//, "").replace(/\.ts$/, ".js"));
  const typed = ["assembled.d.ts", "environment_error.d.ts", "global.d.ts", "install.d.ts", "mod.d.ts"];
  const others = ["CHANGELOG.md", "LICENSE", "README.md", "kernels.min.js", "package.json"];
  assertEquals(names, [...modules, ...typed, ...others].toSorted());
  assertLess(gzipSync(await Deno.readFile(`${directory}/package/kernels.min.js`), { level: 9 }).length, 45_000);
  const manifest = JSON.parse(await Deno.readTextFile(`${directory}/package/package.json`));
  assertEquals(manifest.dependencies, undefined);
  assertEquals(manifest.peerDependencies, {
    "@tensorflow/tfjs": "4.22.0",
    "@tensorflow/tfjs-backend-wasm": "4.22.0",
  });
}

/** Asserts that programs in TypeScript are checked against the package's types. */
async function types({ cwd, start }: Project): Promise<void> {
  const program = (build: string) => `
    import { type ActiveKernels, activeKernels, EnvironmentError, installTrainingKernels } from "@vae/kernels";
    import type {} from "@vae/kernels/global";
    export const build: "relaxed" | "simd" = installTrainingKernels(${build});
    export const { kernels, reason }: ActiveKernels = activeKernels();
    export const error: Error = new EnvironmentError(reason);
    export const same: typeof build = trainingKernels.installTrainingKernels("simd");`;
  await Deno.writeTextFile(`${cwd}/right.ts`, program(`"relaxed"`));
  await Deno.writeTextFile(`${cwd}/wrong.ts`, program(`"avx"`));
  const [right, wrong] = await Promise.all(
    ["right.ts", "wrong.ts"].map((name) => start(Deno.execPath(), "check", name)),
  );
  assertEquals(right!.code, 0, right!.err);
  assertMatch(wrong!.err, /Argument of type '"avx"' is not assignable to parameter of type 'Build\b/);
}

/** The loss that a program of the README names first, and last. */
function assertLearned(said: string, builds = "relaxed|simd"): void {
  const [, first, last] = RegExp(`^(?:${builds}): ([\\d.]+) → ([\\d.]+)\\s*$`).exec(said) ?? [];
  assertLess(Number(last), 0.95 * Number(first), said);
}

async function inNode({ start, nodes }: Project): Promise<void> {
  const train = ["run", "--no-prompt", "--allow-read", "--allow-env", "train.js"];
  const runs = [...nodes.map((node) => [node, "train.js"]), [Deno.execPath(), ...train]];
  for (const [program = "", ...args] of runs) {
    const { code, out, err } = await start(program, ...args);
    assertEquals(code, 0, err);
    assertLearned(out, program.includes("/node20/") ? "simd" : "relaxed");
  }
}

async function refusals({ cwd, start, nodes }: Project): Promise<void> {
  await Deno.writeTextFile(
    `${cwd}/refusals.cjs`,
    `const tfjs = require("@tensorflow/tfjs"), wasm = require("@tensorflow/tfjs-backend-wasm");
    const { readFileSync } = require("node:fs");
    const script = readFileSync("node_modules/@vae/kernels/kernels.min.js", "utf8");
    for (const changes of [{ version_core: "4.21.0", wasm }, { wasm: { version_wasm: "4.0.0" } }, { findBackendFactory() {} }]) {
      globalThis.tf = { ...tfjs, ...changes };
      (0, eval)(script);
      try { trainingKernels.installTrainingKernels(); } catch ({ name, message }) { console.log(name, message); }
    }`,
  );
  const { out, err } = await start(nodes[0]!, "refusals.cjs");
  assertEquals(
    out,
    `EnvironmentError The training kernels are made for tfjs 4.22.0, and tfjs-core is 4.21.0 here.
EnvironmentError The training kernels are made for tfjs 4.22.0, and tfjs-backend-wasm is 4.0.0 here.
EnvironmentError The training kernels need tfjs's wasm backend: load @tensorflow/tfjs-backend-wasm first.
`,
    err,
  );
}

async function layers({ cwd, start, nodes, bundle }: Project): Promise<void> {
  await useBackend("wasm");
  const expected = await layerMatrix();
  const same = (found: Record<string, number[]>, where: string) => {
    assertEquals(Object.keys(found), Object.keys(expected), where);
    for (const [kind, values] of Object.entries(expected)) assertNear(found[kind]!, values, `${kind}, ${where}`);
  };
  await Deno.writeTextFile(
    `${cwd}/layers.ts`,
    `import * as tf from "@tensorflow/tfjs";
    import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
    import { installTrainingKernels } from "@vae/kernels";
    import { layerMatrix } from ${JSON.stringify(new URL("_layer_matrix.ts", import.meta.url).pathname)};
    installTrainingKernels();
    const page = globalThis.document;
    if (page) setWasmPaths("/plain/node_modules/@tensorflow/tfjs-backend-wasm/dist/");
    await tf.setBackend("wasm");
    const found = JSON.stringify(await layerMatrix());
    if (page) page.querySelector("output").textContent = found;
    else console.log(found);`,
  );
  await bundle("layers.ts", "layers.js", "--packages=external");
  for (const node of nodes) {
    const { code, out, err } = await start(node, "layers.js");
    assertEquals(code, 0, err);
    same(JSON.parse(out), node);
  }
  await bundle("layers.js", "layers.bundle.js");
  const page =
    `<!DOCTYPE html><meta charset="utf-8"><output></output><script type="module" src="layers.bundle.js"></script>`;
  await Deno.writeTextFile(`${cwd}/layers.html`, page);
  await using server = serve(cwd);
  await withChromium(async (open) =>
    same(JSON.parse((await server.visit(open, "plain/layers.html")).said), "Chromium")
  );
}

async function onPages({ cwd, bundle }: Project): Promise<void> {
  await bundle("worker.js", "worker.bundle.js");
  // What the README says about a Content Security Policy, and its scripts in files of their own.
  for (const name of ["page", "worker"]) {
    const text = (await Deno.readTextFile(`${cwd}/${name}.html`)).replaceAll(
      /(tf(-backend-wasm)?)\.min\.js/g,
      "$1.es2017.min.js",
    );
    const [whole = "", script = ""] = /<script>(.*?)<\/script>/s.exec(text) ?? [];
    await Deno.writeTextFile(`${cwd}/${name}.inline.js`, script);
    const outside = text.replace(whole, `<script src="${name}.inline.js"></script>`);
    await Deno.writeTextFile(`${cwd}/${name}.csp.html`, outside);
  }
  await using server = serve(cwd);
  await withChromium(async (open) => {
    for (const page of ["page", "worker"]) {
      for (const [mode, name] of [["plain", page], ["isolated", page], ["csp", `${page}.csp`]]) {
        const { said, tab } = await server.visit(open, `${mode}/${name}.html`);
        assertLearned(said, "relaxed");
        assertEquals(tab.errors, [], `${mode} ${name}`);
        assertEquals(await tab.evaluate("crossOriginIsolated"), mode === "isolated");
        if (page === "worker") assertEquals(await tab.evaluate(`document.querySelector("progress").value`), 1);
        else assertEquals(await tab.evaluate("tf.backend().wasm.wasmMemory !== undefined"), mode === "isolated");
      }
    }
  });
}

async function inDeno({ cwd, start }: Project): Promise<void> {
  await Deno.writeTextFile(
    `${cwd}/library.ts`,
    `import { denseVae, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";
    const { kernels } = await useBackend("wasm");
    const digits = take((await loadDigits()).train, 8);
    for await (const { loss } of train(negativeElbo(denseVae({ latent: 2 })), digits)) {
      console.log(kernels, loss! > 100 && loss! < 1000);
    }`,
  );
  const checked = await start(Deno.execPath(), "check", "library.ts");
  assertEquals(checked.code, 0, checked.err);
  const { code, out, err } = await start(Deno.execPath(), "run", "--no-prompt", "library.ts");
  assertEquals([code, out], [0, "relaxed true\n"], err);
}
