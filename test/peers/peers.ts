/**
 * `deno task bench:peers [PYTHON...]`: our training steps and other frameworks', by turns in one run, so that a busy
 * machine is busy for all of them. It takes PyTorch, Keras 3 on TensorFlow and JAX from the Pythons that are named, or
 * else from `python3`, and says which it does not find. The gradient of jax-js, which runs in the same sandbox as ours,
 * comes last. The last line is JSON.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import * as tf from "@tensorflow/tfjs";
import process from "node:process";
import { convVae, denseVae, loadDigits, negativeElbo, random, range, train, useBackend } from "../../mod.ts";
import { type Best, best, byTurns, type Contestant, figures } from "./comparison.ts";
import { type Framework, FRAMEWORKS, startFramework, startJaxJs, waysOf } from "./frameworks.ts";
import { Peer, PeerError, type Time } from "./peer.ts";

/** Examples in a training step; and in a gradient beside jax-js, which takes half a second for each. */
const [BATCH, FEW] = [128, 8];

/** What a row of the result says: our milliseconds, and each framework's best way. */
type Row = { ours_ms: number; peers: Record<string, Best> };

const pythons = Deno.args.length > 0 ? Deno.args : ["python3", "/usr/bin/python3"];
const frameworks: Record<string, string> = {}; // by name and version
const rows: Record<string, Row> = {};

await useBackend("wasm");
const { train: examples } = await loadDigits();
await compareTraining(1, Object.keys(FRAMEWORKS) as Framework[]);
await compareTraining(2, Object.keys(frameworks) as Framework[]);
await compareGradient();
if (Object.keys(rows).length === 0) {
  console.error("There is nothing to compare with.");
  Deno.exit(1);
}
console.log(JSON.stringify({ frameworks, ...rows }));

/** A training step of both models on so many cores: as many workers here, as many threads there. */
async function compareTraining(cores: number, wanted: Framework[]): Promise<void> {
  await using processes = new AsyncDisposableStack();
  const peers = new Map<Framework, Peer>();
  for (const framework of wanted) {
    const peer = announced(framework, await startFramework(framework, pythons, cores, BATCH));
    if (peer) peers.set(framework, processes.use(peer));
  }
  for (const [model, make] of [["conv", convVae], ["dense", denseVae]] as const) {
    const theirs = Array.from(peers, ([framework, peer]) => waysOf(framework, peer, model)).flat();
    if (theirs.length === 0) continue;
    const vae = make();
    const steps = train(negativeElbo(vae), examples, { epochs: 1000, batchSize: BATCH, workers: cores });
    const title = `${model} VAE, a training step of ${BATCH} on ${cores} ${cores === 1 ? "core" : "cores"}`;
    rows[`${model}_${cores}`] = await compare(title, () => steps.next(), theirs, { rounds: 9, steps: 5 });
    await steps.return();
    vae.dispose();
  }
}

/** The gradient of the convolutional VAE's loss, beside jax-js. */
async function compareGradient(): Promise<void> {
  await using peer = announced("jax_js", await startJaxJs(FEW));
  if (!peer) return;
  const [vae, batch, noise] = [convVae(), examples.batch(range(FEW)), random(0)];
  const objective = negativeElbo(vae);
  const ours = () => {
    tf.tidy(() => void tf.variableGrads(() => objective.terms(batch, noise, {}).loss.mean(), objective.variables));
    return Promise.resolve();
  };
  const title = `conv VAE, the gradient of a batch of ${FEW} on 1 core`;
  rows.conv_gradient = await compare(title, ours, waysOf("jax_js", peer, "conv"), { rounds: 2, steps: 1 });
  tf.dispose(batch);
  vae.dispose();
}

/** A peer, introduced by its name and version; where there is only a sentence that says why not, it is said. */
function announced(framework: string, peer: Peer | string): Peer | undefined {
  if (peer instanceof Peer) {
    frameworks[framework] = peer.name;
    return peer;
  }
  console.log(peer);
}

/** Takes turns, prints what came of it, and returns it. */
async function compare(
  title: string,
  step: () => Promise<unknown>,
  theirs: Contestant[],
  turns: { rounds: number; steps: number },
): Promise<Row> {
  console.log(`\n${title}`);
  const all: Contestant[] = [{ framework: "ours", name: "ours", way: "wasm", step: () => timed(step) }];
  for (let i = 0; i < 5; i++) await step(); // warm
  for (const one of theirs) if (await works(one)) all.push(one);
  const [ours, ...others] = await byTurns(all, turns);
  const results = [ours, ...others].map((times) => figures(ours, times));
  console.table(all.map(({ name, way }, i) => ({ name, way, ...rounded(results[i]) })));
  if (results.some(({ cores }) => cores < 0.8)) console.log("The machine was busy: some had less than a core.");
  const peers = best(all.slice(1), results.slice(1));
  for (const [framework, { way, ratio }] of Object.entries(peers)) {
    console.log(`ours takes ${ratio.toPrecision(2)} times as long as ${frameworks[framework]} at its best (${way})`);
  }
  return { ours_ms: results[0].ms, peers };
}

/** Whether a peer can train in this way; if not, it says why. */
async function works({ name, way, step }: Contestant): Promise<boolean> {
  try {
    await step();
    return true;
  } catch (error) {
    if (!(error instanceof PeerError)) throw error;
    console.log(`${name} cannot do it by ${way}: ${error.message}`);
    return false;
  }
}

/** The time of one of our steps, its workers included. */
async function timed(step: () => Promise<unknown>): Promise<Time> {
  const [start, startCpu] = [performance.now(), process.cpuUsage()];
  await step();
  const { user, system } = process.cpuUsage(startCpu);
  return { ms: performance.now() - start, cpu_ms: (user + system) / 1e3 };
}

/** Figures as people want them. */
function rounded({ ms, cores, ratio }: ReturnType<typeof figures>) {
  return { ms: +ms.toPrecision(3), cores: +cores.toFixed(1), "ours / theirs": +ratio.toPrecision(3) };
}
