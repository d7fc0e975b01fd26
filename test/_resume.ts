/**
 * A small training with checkpoints, to be stopped and resumed; run as a program, it is one that can be killed.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program tells how far it is
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../src/backend.ts";
import type { Examples } from "../src/data/examples.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { negativeElbo } from "../src/objectives/negative_elbo.ts";
import { random } from "../src/random.ts";
import { type Step, train, type TrainOptions } from "../src/training/train.ts";

/** 22 noisy images of 8×8. */
export const IMAGES: Examples = {
  count: 22,
  batch(indices) {
    const pixels = Array.from(indices, (n) => {
      const noise = random(n);
      return Array.from({ length: 64 }, () => noise.uniform());
    });
    return { x: tf.tensor(pixels.flat(), [indices.length, 8, 8, 1]) };
  },
};

/** Six steps an epoch, the last with two images. */
export const HOW: TrainOptions = { epochs: 3, batchSize: 4, learningRate: 0.01, seed: 2, heldOut: IMAGES };

/** For checkpoints of which nothing needs a warning: only where the training goes on may be said. */
export const SILENT = {
  warn(sentence: string) {
    const told =
      /^(Resuming after step \d+\.( The objective has no recipe, so .+)?|There is no checkpoint in .+ starts at step 1\.)$/;
    if (!told.test(sentence)) throw new Error(sentence);
  },
};

/** What a training came to. */
export interface Outcome {
  steps: Step[];
  weights: number[][];
}

/** Trains a model, which starts with weights of its own, up to a step. */
export async function trained(options: TrainOptions, { until = Infinity, seed = 7, said = (_: Step) => {} } = {}) {
  const vae = convVae({ filters: [2, 3], hidden: 4, image: [8, 8, 1], seed });
  const steps: Step[] = [];
  try {
    for await (const step of train(negativeElbo(vae), IMAGES, options)) {
      steps.push(step);
      said(step);
      if (step.step === until) break;
    }
    const weights = await Promise.all(vae.variables.map(async (variable) => [...await variable.data()]));
    return { steps, weights };
  } finally {
    vae.dispose();
  }
}

if (import.meta.main) {
  const [directory, epochs] = Deno.args;
  await useBackend("wasm");
  const checkpoint = { directory, every: 4, resume: true, ...SILENT };
  const said = ({ step }: Step) => console.log(step);
  const { weights, steps } = await trained({ ...HOW, epochs: Number(epochs), checkpoint }, { said });
  console.log("end", JSON.stringify({ weights, history: steps.at(-1)!.history }));
}
