/**
 * One step of Adam (Kingma and Ba 2014) in one pass over each parameter.
 *
 * @module
 */
import { assembledKernel, type Build } from "./assembled.ts";
import type * as tf from "@tensorflow/tfjs";

/** The kernel that {@linkcode adamStep} declares. It is this library's own: tfjs has none of the kind. */
export const ADAM_STEP = "AdamStep";

/** What a step needs to know. */
export interface AdamStep {
  /** The step size. */
  rate: number;
  /** How much of each moment is kept. */
  beta1: number;
  beta2: number;
  /** 1 - β₁ᵗ and 1 - β₂ᵗ at step t, what undoes the moments' start at zero. */
  correction1: number;
  correction2: number;
  /** What keeps the denominator from zero. */
  epsilon: number;
}

/**
 * From `x`, its slope `g`, and the moments `m` and `v`, all of one shape, to two tensors: the new `x`, and a scalar that is 0,
 * or NaN where a number of the new `x` is not finite. The moments change in place.
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
