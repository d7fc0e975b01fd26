import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import answers from "../lessons/answers.md" with { type: "text" };
import autoencoder from "../lessons/01_autoencoder.ts" with { type: "text" };
import likelihood from "../lessons/02_likelihood.ts" with { type: "text" };
import reparameterization from "../lessons/03_reparameterization.ts" with { type: "text" };
import klText from "../lessons/04_kl.ts" with { type: "text" };
import elbo from "../lessons/05_elbo.ts" with { type: "text" };
import convVae from "../lessons/06_conv_vae.ts" with { type: "text" };
import latentMap from "../lessons/07_latent_map.ts" with { type: "text" };
import * as kl from "../lessons/04_kl.ts";
import { showOn, useBackend } from "../mod.ts";
import readme from "../README.md" with { type: "text" };
import { render } from "../src/show/terminal/render.ts";

const LESSONS: Record<string, string> = {
  "01_autoencoder": autoencoder,
  "02_likelihood": likelihood,
  "03_reparameterization": reparameterization,
  "04_kl": klText,
  "05_elbo": elbo,
  "06_conv_vae": convVae,
  "07_latent_map": latentMap,
};

/** The words after `before` in a text, up to `after`. */
const between = (text: string, before: string, after: string) => text.split(before)[1].split(after)[0].trim();

Deno.test("the README's sample output is what lesson 04 prints", async () => {
  await useBackend("wasm");
  const texts: Promise<string | undefined>[] = [];
  const show = showOn((event) => void texts.push(render(event, { columns: 80, colour: false })));
  show.title("How far is one Gaussian from another?");
  await kl.lesson({ ...kl.defaults, data: "digits", seed: 0 }, show);
  const lines = (await Promise.all(texts)).map((text) => text ?? "");
  const sample = between(readme, "```text", "```");
  assert(sample.split("\n").length > 5);
  assertEquals(lines.join("\n").trim().slice(0, sample.length), sample);
});

for (const [name, source] of Object.entries(LESSONS)) {
  const number = Number(name.slice(0, 2));

  Deno.test(`lesson ${name}: its header keeps the contract, and the README has its question`, () => {
    const question = between(source, `* # ${number}. `, "\n");
    const row = readme.split("\n").find((line) => line.startsWith(`| [${name}](lessons/${name}.ts)`))!;
    assertEquals(row.split("|")[2].trim(), question);
    assertStringIncludes(source, `question: "${question}"`.slice(10));
    for (const part of ["```math", "**You need**", "**You leave with**", `deno run lessons/${name}.ts`, "## Try it"]) {
      assertStringIncludes(source, part);
    }
  });

  Deno.test(`lesson ${name}: every "Try it" has an answer`, () => {
    const tasks = between(source, "// ## Try it", "// Answers:").match(/^\/\/ \d\. /gm)!.length;
    const chapter = between(answers, `## ${name}`, "\n## ");
    assertEquals(chapter.match(/^\d\. /gm)!.length, tasks);
  });

  Deno.test(`lesson ${name}: imports only ../mod.ts, tfjs, @std/assert and its own text`, () => {
    const allowed = ["../mod.ts", "@tensorflow/tfjs", "@std/assert", `./${name}.ts`];
    const modules = Array.from(source.matchAll(/from "([^"]+)"/g), ([, specifier]) => specifier);
    assertEquals(modules.filter((module) => !allowed.includes(module)), []);
  });
}
