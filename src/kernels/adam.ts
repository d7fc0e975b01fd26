/**
 * One step of Adam (Kingma and Ba 2014) in one pass over each parameter.
 *
 * @module
 */
import { assembledKernel, type Build } from "./assembled.ts";
import type * as tf from "@tensorflow/tfjs";

/** The name of the kernel that {@linkcode adamStep} declares. tfjs has no such kernel. */
export const ADAM_STEP = "AdamStep";

/** The attributes of a step. */
export interface AdamStep {
  /** The step size. */
  rate: number;
  /** The decay rate of each moment. */
  beta1: number;
  beta2: number;
  /** 1 - β₁ᵗ and 1 - β₂ᵗ at step t, which correct the bias of moments that start at zero. */
  correction1: number;
  correction2: number;
  /** A small number that keeps the denominator from zero. */
  epsilon: number;
}

/**
 * Takes `x`, its gradient `g`, and the moments `m` and `v`, all of the same shape, and returns two tensors: the new
 * `x`, and a scalar that is NaN if a number of the new `x` is not finite, otherwise 0. The moments are updated in
 * place.
 */
export function adamStep(build: Build): tf.KernelConfig {
  return assembledKernel<"x" | "m" | "v" | "g">(ADAM_STEP, build, ({ kernels, address, output }, { inputs, attrs }) => {
    const { x, m, v, g } = inputs;
    const { rate, beta1, beta2, correction1, correction2, epsilon } = attrs as AdamStep;
    const [out, finite] = [output(x.shape), output([])];
    const n = x.shape.reduce((product, size) => product * size, 1);
    kernels.adam({
      x: address(x),
      out: address(out),
      m: address(m),
      v: address(v),
      g: address(g),
      finite: address(finite),
      n,
      rate,
      beta1,
      beta2,
      correction1,
      correction2,
      epsilon,
    });
    return [out, finite];
  });
}
