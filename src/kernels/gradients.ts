/**
 * The gradients that tfjs's ops are taken for, where tfjs has none, a wrong one, or one that costs too much.
 *
 * A gradient belongs to a kernel's name and not to a backend: what is registered here changes every backend of the program.
 * There it adds gradients where tfjs refuses them (dilated convolutions, gradients of gradients, transposed convolutions of
 * volumes, comparisons, sums of products, crops, broadcast matrix products, segment ids that are too large), and gives right
 * numbers where tfjs forgets the rounding mode, or which axis a cumulative sum ran along.
 * That of `tile` has the same numbers but for rounding, and that of a ReLU is another on wasm alone. Others stay as they were.
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

/** Every gradient that {@linkcode installTrainingKernels} registers, in place of tfjs's own where it has one. */
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
