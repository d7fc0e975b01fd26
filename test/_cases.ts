/**
 * One small training of every kind; run as a program, it loads a saved model and says what it finds of it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program says what it found
import * as tf from "@tensorflow/tfjs";
import {
  convVae,
  denseVae,
  evaluate,
  type Examples,
  gaussian,
  type LayersVae,
  loadVae,
  negativeElbo,
  type Objective,
  random,
  type SavedModel,
  useBackend,
  warmUp,
} from "../mod.ts";
import { recipeOf } from "../src/objectives/recipe.ts";
import { RECIPES } from "../src/objectives/recipes.ts";
import { vampElbo } from "./_vamp_prior.ts";
import { vqVae } from "./_vq_vae.ts";

/** A training: what is made small, the model that it is about, and the examples. */
export interface Case {
  objective: Objective;
  model: SavedModel;
  examples: Examples;
  /** Frees what it was made of. */
  dispose(): void;
}

/** 22 examples of a shape, values in [0, 1], with a class of three each. */
function noisy(shape: number[]): Examples {
  return {
    count: 22,
    batch(indices) {
      const values = Array.from(indices, (n) => {
        const noise = random(n);
        return Array.from({ length: tf.util.sizeFromShape(shape) }, noise.uniform);
      });
      const x = tf.tensor(values.flat(), [indices.length, ...shape]);
      return { x, y: tf.tensor1d(Array.from(indices, (n) => n % 3)) };
    },
  };
}

const image = (options: { classes?: number } = {}) => (seed: number) =>
  convVae({ filters: [2, 3], hidden: 4, image: [8, 8, 1], seed, ...options });

function ofVae(make: (seed: number) => LayersVae, objective: (vae: LayersVae) => Objective) {
  return (seed: number): Case => {
    const vae = make(seed);
    const shape = vae.encoder.inputs[0]?.shape.slice(1) as number[];
    return { objective: objective(vae), model: vae, examples: noisy(shape), dispose: vae.dispose };
  };
}

/** What recipes can make of a VAE: a new entry of the table is trained here too. */
const { squaredError: _ofAnAutoencoder, ...OF_VAES } = RECIPES;

/** The trainings, each made with a seed. */
export const CASES: Record<string, (seed: number) => Case> = {
  "β warm-up": ofVae(image(), (vae) => negativeElbo(vae, { beta: warmUp(10) })),
  "free bits and three codes": ofVae(image(), (vae) => negativeElbo(vae, { freeBits: 0.1, samples: 3 })),
  "a learned variance": ofVae(
    (seed) => denseVae({ latent: 2, hidden: 5, shape: [7], likelihood: gaussian({ variance: "learned" }), seed }),
    (vae) => negativeElbo(vae),
  ),
  "a variance per value": ofVae(
    (seed) =>
      convVae({ filters: [2, 3], hidden: 4, image: [4, 4, 2], likelihood: gaussian({ variance: "per value" }), seed }),
    (vae) => negativeElbo(vae),
  ),
  "a conditional model": ofVae(image({ classes: 3 }), (vae) => negativeElbo(vae)),
  ...Object.fromEntries(
    Object.entries(OF_VAES).map(([name, make]) => [
      name,
      ofVae(image(), (vae) => make(recipeOf(name, vae, { samples: 4 }).recipe!)), // convVae is made of layers
    ]),
  ),
  "a VQ-VAE": (seed) => {
    const model = vqVae({ rows: 5, latent: 2, size: 7 }, seed);
    const dispose = () => tf.dispose([...model.variables, ...model.state]);
    return { objective: model, model, examples: noisy([7]), dispose };
  },
  "a VampPrior": (seed) => {
    const objective = vampElbo({ count: 3, size: 7 }, seed);
    return { objective, model: objective.vae, examples: noisy([7]), dispose: objective.vae.dispose };
  },
};

/** What there is to compare of a trained model: its losses, with all their digits. */
export async function judged({ objective, examples }: Case): Promise<string> {
  return JSON.stringify(await evaluate(objective, examples, { seed: 3 }));
}

if (import.meta.main) {
  const [name = "", directory = ""] = Deno.args;
  await useBackend("wasm", { kernels: "simd" });
  const fresh = CASES[name]?.(9);
  if (!fresh) throw new RangeError(`There is no case "${name}".`);
  await loadVae(fresh.model, directory);
  console.log(await judged(fresh));
}
