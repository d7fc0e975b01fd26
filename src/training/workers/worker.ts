/**
 * The program of a worker: its own tfjs, the same objective, and for every batch the losses, or the gradient, of the rows it is
 * given.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../../backend.ts";
import { type Objective, objectiveOf } from "../../objectives/objective.ts";
import { random } from "../../random.ts";
import type { Variable } from "../../tensor.ts";
import { layOut, noiseOfRows, type Setup, type SharedMemory, type Task } from "./shared_memory.ts";
import { contribution } from "../gradient.ts";

let objective: Objective;
let shared: SharedMemory;
let setup: Setup;

/** This thread, as whoever started it sees it. */
const here = self as unknown as Worker;

here.onmessage = async ({ data }: MessageEvent<Setup | Task>) => {
  try {
    if ("memory" in data) await begin(data);
    else work(data);
    here.postMessage({});
  } catch (error) {
    here.postMessage({ error: (error as Error).message });
  }
};

/** Makes the objective. */
async function begin(data: Setup): Promise<void> {
  setup = data;
  shared = layOut(setup);
  await useBackend(setup.backend, { kernels: setup.kernels });
  const [encoder, decoder] = await Promise.all(setup.networks.map(async ({ topology, weights }) => {
    const network = await tf.models.modelFromJSON(
      { modelTopology: topology } as Parameters<typeof tf.models.modelFromJSON>[0],
    );
    tf.tidy(() => network.setWeights(weights.map(({ values, shape }) => tf.tensor(values, shape))));
    return network;
  }));
  objective = objectiveOf({ name: setup.name, encoder, decoder });
}

/** Finds the losses, or the gradient, of some rows of the batch that is on the layOut, and writes them there. */
function work({ worker, slopes, from, to, whole, noise }: Task): void {
  const size = tf.util.sizeFromShape(setup.shape);
  tf.tidy(() => {
    fill(objective.variables, shared.weights);
    const x = tf.tensor(shared.batch.slice(from * size, to * size), [to - from, ...setup.shape]);
    let at = 0;
    for (const part of contribution(objective, x, noiseOfRows(random(noise), from, whole), whole, slopes)) {
      shared.parts[worker].set(part.dataSync(), at); // workers have no webgpu, where this would not do
      at += part.size;
    }
  });
}

/** Gives variables the values that lie one after another. */
function fill(variables: Variable[], values: Float32Array): void {
  let at = 0;
  for (const variable of variables) {
    variable.assign(tf.tensor(values.slice(at, at += variable.size), variable.shape));
  }
}
