import { assertEquals } from "@std/assert";
import plugin, { complaint } from "./_layers.ts";

/** What the plugin says about a file of this project with some source. */
function lint(path: string, source: string): string[] {
  const file = new URL(`../${path}`, import.meta.url).pathname;
  return Deno.lint.runPlugin(plugin, file, source).map(({ id, message }) => `${id}: ${message}`);
}

Deno.test("a file imports its own layer and lower ones", () => {
  const allowed = [
    ["src/distributions/gaussian.ts", "src/tensor.ts"],
    ["src/random.ts", "src/tensor.ts"],
    ["src/objectives/elbo.ts", "src/models/vae.ts"],
    ["src/training/train.ts", "src/data/examples.ts"],
    ["src/lesson/run_lesson.ts", "src/show/show.ts"],
    ["lessons/04_kl.ts", "mod.ts"],
    ["mod.ts", "src/lesson/run_lesson.ts"],
    ["test/pca_test.ts", "src/pca.ts"],
  ];
  for (const [from, to] of allowed) assertEquals(complaint(from, to), undefined, `${from} -> ${to}`);
});

Deno.test("a file that imports a higher layer gets a complaint that names both", () => {
  const upwards = [
    ["tensor.ts", "distributions/gaussian.ts"],
    ["distributions/gaussian.ts", "models/vae.ts"],
    ["kernels/install.ts", "data/idx.ts"],
    ["models/vae.ts", "training/train.ts"],
    ["training/train.ts", "show/show.ts"],
    ["data/idx.ts", "lesson/run_lesson.ts"],
    ["models/vae.ts", "objectives/elbo.ts"],
    ["show/show.ts", "lesson/run_lesson.ts"],
    ["random.ts", "disk/write.ts"],
  ];
  for (const [low, high] of upwards) {
    assertEquals(
      complaint(`src/${low}`, `src/${high}`),
      `${low} is in a lower layer than ${high}, so it cannot import it.`,
    );
  }
});

Deno.test("src imports nothing from outside, and a lesson nothing from inside", () => {
  for (const [to, folder] of [["lessons/04_kl.ts", "lessons"], ["test/_layers.ts", "test"], ["mod.ts", "mod.ts"]]) {
    assertEquals(complaint("src/pca.ts", to), `src imports nothing from ${folder}.`);
  }
  for (const to of ["src/pca.ts", "lessons/01_autoencoder.ts", "test/_layers.ts"]) {
    assertEquals(
      complaint("lessons/04_kl.ts", to),
      "A lesson imports only ../mod.ts, tfjs, @std/assert and its own text.",
    );
  }
  assertEquals(complaint("lessons/04_kl.ts", "lessons/04_kl.ts"), undefined);
});

Deno.test("the plugin reports every way of importing, and a file without a layer", () => {
  const message = "vae/layers: pca.ts is in a lower layer than lesson/run_lesson.ts, so it cannot import it.";
  const forms = [
    `import { runLesson } from "./lesson/run_lesson.ts";`,
    `import type { Lesson } from "./lesson/run_lesson.ts";`,
    `import "./lesson/run_lesson.ts";`,
    `export { runLesson } from "./lesson/run_lesson.ts";`,
    `export * from "./lesson/run_lesson.ts";`,
    `const lesson = await import("./lesson/run_lesson.ts");`,
  ];
  for (const form of forms) assertEquals(lint("src/pca.ts", form), [message], form);
  assertEquals(lint("src/pca.ts", forms.join("\n")).length, forms.length);
  assertEquals(lint("src/utils.ts", "export const a = 1;"), [
    "vae/layers: src/utils.ts has no layer yet: give it one in test/_layers.ts.",
  ]);
});

Deno.test("the plugin follows a path through folders, and leaves packages and other projects alone", () => {
  assertEquals(lint("src/models/vae.ts", `import "../training/train.ts";`), [
    "vae/layers: models/vae.ts is in a lower layer than training/train.ts, so it cannot import it.",
  ]);
  assertEquals(lint("src/models/vae.ts", `import "./../pca.ts"; import * as tf from "@tensorflow/tfjs";`), []);
  assertEquals(lint("lessons/07_next.ts", `import { elbo } from "../mod.ts";`), []);
  const [folder] = new URL("..", import.meta.url).pathname.split("/").slice(-2); // of this project
  assertEquals(lint(`../${"_".repeat(folder.length)}/src/utils.ts`, `import "../lessons/04_kl.ts";`), []);
});
