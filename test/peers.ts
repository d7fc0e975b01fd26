/**
 * `deno task bench:peers`: our training steps and PyTorch's, by turns in one run, so that a busy machine is busy for both.
 * The last line is JSON: for each row the median milliseconds of both, and their ratio.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import { convVae, denseVae, loadDigits, negativeElbo, type Step, train, useBackend } from "../mod.ts";

/** How often each takes its turn, how many steps a turn has, and the examples in a step. */
const [ROUNDS, STEPS, BATCH] = [9, 5, 128];

const python = new Deno.Command("python3", {
  args: [new URL("torch_peer.py", import.meta.url).pathname],
  stdin: "piped",
  stdout: "piped",
}).spawn();
const ask = python.stdin.getWriter();
const answers = python.stdout.pipeThrough(new TextDecoderStream()).getReader();
let heard = "";

/** The time of one step in PyTorch. */
async function torchStep(model: string, threads: number): Promise<number> {
  await ask.write(new TextEncoder().encode(`${model} ${BATCH} ${threads}\n`));
  while (!heard.includes("\n")) {
    const { value } = await answers.read();
    if (!value) throw new Error("PyTorch did not answer: is python3-torch installed?");
    heard += value;
  }
  const [answer] = heard.split("\n", 1);
  heard = heard.slice(answer.length + 1);
  return Number(answer);
}

/** The median of several turns of one step. */
async function turn(step: () => Promise<number>): Promise<number> {
  const times = [];
  for (let i = 0; i < STEPS; i++) times.push(await step());
  return median(times);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

await useBackend("wasm");
const { train: examples } = await loadDigits();
const rows: Record<string, { ours_ms: number; torch_ms: number; ratio: number }> = {};
for (const [name, vae] of [["conv", convVae()], ["dense", denseVae()]] as const) {
  const steps: AsyncGenerator<Step> = train(negativeElbo(vae), examples, { epochs: 1000, batchSize: BATCH });
  const ourStep = async () => {
    const start = performance.now();
    await steps.next();
    return performance.now() - start;
  };
  for (let i = 0; i < 5; i++) await ourStep(); // warm
  const [ours, torch]: number[][] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    torch.push(await turn(() => torchStep(name, 1)));
    ours.push(await turn(ourStep));
  }
  const [ours_ms, torch_ms, ratio] = [median(ours), median(torch), median(ours.map((ms, i) => ms / torch[i]))];
  rows[name] = { ours_ms, torch_ms, ratio };
  console.log(
    `${name}: ${ours_ms.toFixed(0)} ms, PyTorch on one thread ${torch_ms.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
  );
  await steps.return(undefined);
  vae.dispose();
}
await ask.close();
console.log(JSON.stringify(rows));
