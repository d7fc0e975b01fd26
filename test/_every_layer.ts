/**
 * A small VAE with every kind of layer in it that tfjs can save; run as a program, it saves them all,
 * with what they put out.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type LayersVae,
  layersVae,
  negativeElbo,
  type Objective,
  random,
  rows,
  saveVae,
  sumPerExample,
  train,
  useBackend,
} from "../mod.ts";
import { apply, flat, KINDS } from "./_layer_kinds.ts";

const { layers } = tf;

/** Makes a VAE with a kind of layer in its encoder and, where it leaves a code's shape, in its decoder. */
export function vaeOf(kind: string): LayersVae {
  const [shape, middle] = KINDS[kind]!;
  const x = tf.input({ shape });
  const code = flat(middle(x));
  const [mu, logVar] = [1, 2].map(() => apply(() => layers.dense({ units: 2 }))(code));
  const size = tf.util.sizeFromShape(shape);
  const z = tf.input({ shape: [2] });
  const hidden = apply(() => layers.reshape({ targetShape: shape }))(
    apply(() => layers.dense({ units: size, activation: "sigmoid" }))(z),
  );
  const decoded = flat(middle(hidden));
  const out = apply(() => layers.reshape({ targetShape: shape }))(apply(() => layers.dense({ units: size }))(decoded));
  return layersVae(tf.model({ inputs: x, outputs: [mu!, logVar!] }), tf.model({ inputs: z, outputs: out }));
}

/** What a VAE of some kind makes of two examples, and of two codes. */
export async function outputs(kind: string, vae: LayersVae): Promise<number[]> {
  const found = tf.tidy(() => {
    const x = tf.sigmoid(random(1).normal([2, ...KINDS[kind]![0]])).mul(2); // to an embedding, 0 and 1
    const { mu, logVar } = vae.encode(x);
    return [mu, logVar, vae.decode(random(2).normal([2, 2]))];
  });
  const values = await Promise.all(found.map((tensor) => tensor.data()));
  tf.dispose(found);
  return values.flatMap((each) => [...each]);
}

/**
 * Trains a VAE of some kind for so many steps, and keeps a checkpoint; goes on from one that is there. It is of the VAE's
 * objective, but learns its last variable alone, as not every layer has a gradient on every backend.
 */
export async function trained(vae: LayersVae, directory: string, epochs: number): Promise<void> {
  const last = vae.variables.at(-1)!;
  const terms: Objective["terms"] = ({ x }) =>
    tf.tidy(() => ({ loss: sumPerExample(x).add(last.sum()) as tf.Tensor1D, parts: {} }));
  const checkpoint = { directory, resume: true, warn: () => {} };
  const examples = rows(Float32Array.of(1, 2), [2, 1]);
  for await (const _ of train({ ...negativeElbo(vae), terms, range: [0, 9] }, examples, { epochs, checkpoint }));
}

if (import.meta.main) {
  await useBackend("cpu");
  const [directory] = Deno.args;
  for (const [i, kind] of Object.keys(KINDS).entries()) {
    const vae = vaeOf(kind);
    await saveVae(vae, `${directory}/${i}`);
    await Deno.writeTextFile(`${directory}/${i}.json`, JSON.stringify(await outputs(kind, vae)));
    await trained(vae, `${directory}/${i}-kept`, 1);
    await Deno.writeTextFile(`${directory}/${i}-kept.json`, JSON.stringify(await outputs(kind, vae)));
    vae.dispose();
  }
}
