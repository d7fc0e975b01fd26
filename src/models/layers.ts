/**
 * What the models share: sizes checked, layers that start the same for the same seed, networks that refuse in sentences.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../random.ts";
import type { LayersModel, Tensor, Variable } from "../tensor.ts";
import { shapeText } from "../wording.ts";

/** Checks that every size is a whole number of at least 1. */
export function assertSizes(sizes: Record<string, number | readonly number[]>): void {
  for (const [name, value] of Object.entries(sizes)) {
    for (const size of [value].flat()) {
      if (!(Number.isInteger(size) && size >= 1)) {
        throw new RangeError(`A model's ${name} is a whole number of at least 1, not ${size}.`);
      }
    }
  }
}

/**
 * How every layer starts: weights uniform in ±√(6 / (fan in + fan out)) (Glorot and Bengio 2010), biases zero. Said
 * explicitly, because what tfjs does unasked is another distribution, Glorot normal.
 */
export function glorot(source: Random): {
  kernelInitializer: ReturnType<typeof tf.initializers.glorotUniform>;
  biasInitializer: "zeros";
} {
  const seed = Math.floor(source.uniform() * 2 ** 31);
  return { kernelInitializer: tf.initializers.glorotUniform({ seed }), biasInitializer: "zeros" };
}

/** Applies a network to a batch, after checking the batch's shape; returns all outputs. */
export function applyNetwork(verb: string, network: LayersModel, batch: Tensor): Tensor[] {
  const wanted = network.inputs[0].shape;
  if (batch.rank !== wanted.length || wanted.some((size, axis) => size !== null && size !== batch.shape[axis])) {
    throw new RangeError(
      `Cannot ${verb} a batch of shape ${shapeText(batch.shape)}: this network takes ${shapeText(wanted)}.`,
    );
  }
  return [network.apply(batch)].flat() as Tensor[];
}

/** The variables of two networks that training changes, each once: the networks may share layers. */
export function trainableVariables({ encoder, decoder }: Networks): Variable[] {
  const weights = [...encoder.trainableWeights, ...decoder.trainableWeights];
  return [...new Set(weights.map((weight) => weight.read() as Variable))];
}

/**
 * Checks that two networks fit together: one input each, codes `[B, L]` from one to the other, and out of the decoder one
 * output of the shape that the encoder takes.
 *
 * @param codes How many codes the encoder puts out for an example.
 * @param called What messages call the codes, and what the decoder puts out.
 * @returns The size of a code, `L`.
 * @throws {RangeError} If they do not.
 */
export function assertFit(
  { encoder, decoder }: Networks,
  codes: number,
  called: { codes: string; decoded: string },
): number {
  const shapes = (ends: tf.SymbolicTensor[]) => ends.map(({ shape }) => shapeText(shape)).join(" and ");
  const [taken, put] = [encoder.inputs, encoder.outputs].map(shapes);
  const [code, decoded] = [decoder.inputs, decoder.outputs].map(shapes);
  const [{ shape: [, latent, ...more] }, ...others] = decoder.inputs;
  if (encoder.inputs.length !== 1) throw new RangeError(`The encoder takes ${taken}; expected one input.`);
  if (typeof latent !== "number" || more.length + others.length) {
    throw new RangeError(`The decoder takes ${code}; expected one input, codes [B,L].`);
  }
  if (put !== Array(codes).fill(code).join(" and ")) {
    throw new RangeError(`The encoder puts out ${put}, and the decoder takes ${code}; expected ${called.codes}.`);
  }
  if (decoded !== taken) {
    throw new RangeError(
      `The decoder puts out ${decoded}, and the encoder takes ${taken}; expected ${called.decoded}.`,
    );
  }
  return latent;
}

/** Models of which {@linkcode ofLayers} said that they are their two networks and nothing else. */
const made = new WeakSet<object>();

/** Two networks of tfjs layers. */
export interface Networks {
  /** What makes codes. */
  encoder: LayersModel;
  /** What reads them. */
  decoder: LayersModel;
}

/** Says of a model that it can be made again from its two networks alone; it cannot be changed from then on. */
export function ofLayers<Model extends Networks & { variables: Variable[] }>(model: Model): Model {
  Object.freeze(model.variables);
  made.add(Object.freeze(model));
  return model;
}

/** The two networks of a model that can be made again from them alone; of others, nothing. */
export function networksOf(model: object): Networks | undefined {
  if (!made.has(model)) return;
  const { encoder, decoder } = model as Networks;
  return { encoder, decoder };
}
