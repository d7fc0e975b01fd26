/**
 * `deno task bench:peers`: our training steps and PyTorch's, by turns in one run, so that a busy machine is busy for both.
 * The last line is JSON: for each row the median milliseconds of both, and their ratio.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import { convVae, denseVae, loadDigits, negativeElbo, type Step, train, useBackend } from "../mod.ts";
import { pythonWith } from "./_python.ts";

/** How often each takes its turn, how many steps a turn has, and the examples in a step. */
const [ROUNDS, STEPS, BATCH] = [9, 5, 128];

const command = await pythonWith("torch");
if (command === undefined) {
  console.error("This compares with PyTorch, and no python3 here has it (Debian: python3-torch).");
  Deno.exit(1);
}
const python = new Deno.Command(command, {
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
    if (!value) throw new Error("PyTorch has ended.");
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

/** What is compared: a model, the workers that train it, and the threads that PyTorch may choose from. */
const ROWS = [
  { name: "conv", make: convVae, workers: 1, threads: [1] },
  { name: "dense", make: denseVae, workers: 1, threads: [1] },
  { name: "conv_workers2", make: convVae, workers: 2, threads: [1, 2] },
] as const;

await useBackend("wasm");
const { train: examples } = await loadDigits();
const rows: Record<string, { ours_ms: number; torch_ms: number; ratio: number }> = {};
for (const { name, make, workers, threads } of ROWS) {
  const vae = make();
  const steps: AsyncGenerator<Step> = train(negativeElbo(vae), examples, { epochs: 1000, batchSize: BATCH, workers });
  const ourStep = async () => {
    const start = performance.now();
    await steps.next();
    return performance.now() - start;
  };
  for (let i = 0; i < 5; i++) await ourStep(); // warm
  const ours: number[] = [];
  const torch: number[][] = threads.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, count] of threads.entries()) torch[i].push(await turn(() => torchStep(name.split("_")[0], count)));
    ours.push(await turn(ourStep));
  }
  const [best] = torch.toSorted((a, b) => median(a) - median(b)); // PyTorch is not always faster on two threads
  const [ours_ms, torch_ms, ratio] = [median(ours), median(best), median(ours.map((ms, i) => ms / best[i]))];
  rows[name] = { ours_ms, torch_ms, ratio };
  const peer = `PyTorch on ${threads[torch.indexOf(best)]} of ${threads.at(-1)} threads`;
  console.log(`${name}: ${ours_ms.toFixed(0)} ms, ${peer} ${torch_ms.toFixed(0)} ms, ratio ${ratio.toFixed(2)}`);
  await steps.return(undefined);
  vae.dispose();
}
await ask.close();
console.log(JSON.stringify(rows));
