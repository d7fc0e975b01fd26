/**
 * The program of a worker. It has its own tfjs and its own copy of the objective. For every batch it computes the means
 * or the gradient of some rows.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../../backend.ts";
import { InputError } from "../../errors.ts";
import type { Objective } from "../../objectives/objective.ts";
import type { Recipe } from "../../objectives/recipe.ts";
import { objectiveOf } from "../../objectives/recipes.ts";
import { random } from "../../random.ts";
import type { LayersModel } from "../../tensor.ts";
import { shapeText } from "../../wording.ts";
import {
  changing,
  contribution,
  fill,
  inOrder,
  layOut,
  noiseOfRows,
  rowsOf,
  type SentNetwork,
  type SentRecipe,
  type Setup,
  type Task,
  write,
} from "./shared_memory.ts";

/** Does a task. It is set when the worker is set up. */
let work: (task: Task) => void;

/** This thread, typed as the worker that the caller sees. */
const here = self as unknown as Worker;

here.onmessage = async ({ data }: MessageEvent<Setup | Task>) => {
  try {
    if ("memory" in data) work = await begin(data);
    work("memory" in data ? data.check : data);
    here.postMessage({});
  } catch (error) {
    here.postMessage({ error: (error as Error).message, mistaken: error instanceof InputError });
  }
};

/** Rebuilds the objective, and returns the function that does tasks. */
async function begin({ backend, kernels, recipe, memory, layout }: Setup): Promise<typeof work> {
  await useBackend(backend, kernels && { kernels });
  const objective = await objectiveOf(await receive(recipe));
  assertShapes(objective, layout.shapes);
  const shared = layOut(memory, layout);
  return (task) =>
    tf.tidy(() => {
      fill(changing(objective), shared.weights);
      const batch = rowsOf(shared, layout, task);
      const question = { batch, noise: noiseOfRows(random(task.noise), task), knobs: task.knobs };
      const found = contribution(objective, question, task.whole, task.slopes);
      const [names, wanted] = [found, layout].map(({ names, sums }) => [...names, ...Object.keys(sums)].join(", "));
      if (names !== wanted) {
        throw new InputError(
          `The objective's recipe makes a different objective: its terms are ${names}, expected ${wanted}.`,
        );
      }
      write(shared.parts[task.worker]!, inOrder(found)); // every worker has a part
    });
}

/** Rebuilds a recipe with its networks. */
async function receive(recipe: SentRecipe): Promise<Recipe> {
  if ("module" in recipe) return recipe;
  const { encoder, decoder } = recipe.networks;
  if (!encoder || !decoder) throw new InputError("A recipe must name an encoder and a decoder.");
  return { ...recipe, networks: { encoder: await network(encoder), decoder: await network(decoder) } };
}

/** Rebuilds a network, if all of its layers belong to tfjs. */
async function network({ topology, weights }: SentNetwork): Promise<LayersModel> {
  const model = await tf.models.modelFromJSON(
    { modelTopology: topology } as Parameters<typeof tf.models.modelFromJSON>[0],
  ).catch(refuseUnknown);
  tf.tidy(() => model.setWeights(weights.map(({ values, shape }) => tf.tensor(values, shape))));
  return model;
}

/** Explains how workers can get a layer, an initializer or the like that only the main program has registered. */
function refuseUnknown(error: Error): never {
  const [, kind, name] = /^Unknown (\w+): (.+?)\. /.exec(error.message) ?? [];
  if (!name) throw error;
  const why = `Workers do not know the ${kind} ${name}, because only the main program has registered it`;
  const how = "a module that registers it and exports a function that makes the objective";
  throw new InputError(`${why}: let the objective's recipe name ${how}.`, { cause: error });
}

/** Checks that the variables of the objective have the same shapes as the caller's. */
function assertShapes(objective: Objective, wanted: number[][]): void {
  const found = changing(objective).map(({ shape }) => shapeText(shape));
  const expected = wanted.map(shapeText);
  const other = "The objective's recipe makes a different objective:";
  if (found.length !== expected.length) {
    throw new InputError(`${other} it has ${found.length} variables, expected ${expected.length}.`);
  }
  const i = found.findIndex((shape, i) => shape !== expected[i]);
  if (i >= 0) throw new InputError(`${other} its variable ${i} has shape ${found[i]}, expected ${expected[i]}.`);
}
