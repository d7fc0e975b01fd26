/**
 * The gradients that are missing in tfjs, wrong, or too slow.
 *
 * tfjs registers a gradient by the kernel's name, for all backends, so these apply to every backend of the program.
 * They add what tfjs refuses: dilated convolutions, gradients of gradients, transposed convolutions of volumes,
 * comparisons, `einsum`, crops, broadcast matrix products, and segment ids that are too large. They correct what tfjs
 * gets wrong: rounding modes, and the axis of a cumulative sum. The gradient of `tile` differs only by rounding, and
 * that of a ReLU only on wasm.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { COMPARISON_GRADIENTS } from "./comparison_gradients.ts";
import { CONVOLUTION_GRADIENTS } from "./convolution_gradients.ts";
import { CROP_GRADIENT } from "./crop_and_resize.ts";
import { CUMSUM_GRADIENT } from "./cumsum_gradient.ts";
import { EINSUM_GRADIENT } from "./einsum_gradient.ts";
import { MATMUL_GRADIENT } from "./matmul_gradient.ts";
import { POOLING_GRADIENTS } from "./pooling_gradients.ts";
import { RELU_GRADIENTS } from "./relu_gradient.ts";
import { TILE_GRADIENT } from "./tile_gradient.ts";
import { SEGMENTS_GRADIENT } from "./unsorted_segment_sum.ts";

/** Every gradient that {@linkcode installTrainingKernels} registers, replacing tfjs's own where it has one. */
export const GRADIENTS: tf.GradConfig[] = [
  ...CONVOLUTION_GRADIENTS,
  ...POOLING_GRADIENTS,
  ...COMPARISON_GRADIENTS,
  ...RELU_GRADIENTS,
  CROP_GRADIENT,
  CUMSUM_GRADIENT,
  EINSUM_GRADIENT,
  MATMUL_GRADIENT,
  SEGMENTS_GRADIENT,
  TILE_GRADIENT,
];
