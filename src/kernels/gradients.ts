/**
 * The gradients that tfjs's ops are taken for, where tfjs has none or a wrong one.
 *
 * A gradient belongs to a kernel's name and not to a backend: what is registered here changes every backend of the program.
 * There it adds gradients where tfjs refuses them (dilated convolutions, gradients of gradients, transposed convolutions of
 * volumes), and gives right numbers where tfjs forgets the rounding mode; others stay as they were.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { CONVOLUTION_GRADIENTS } from "./convolution_gradients.ts";

/** Every gradient that {@linkcode installTrainingKernels} registers, in place of tfjs's own where it has one. */
export const GRADIENTS: tf.GradConfig[] = [...CONVOLUTION_GRADIENTS];
