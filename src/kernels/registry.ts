/**
 * What is registered with tfjs, replaced and restored.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** tfjs's own kernels and gradients that were replaced, by name; `undefined` where tfjs has none. */
const kernels = new Map<string, tf.KernelConfig | undefined>();
const gradients = new Map<string, tf.GradConfig | undefined>();

/** tfjs's own kernel of this name on the WASM backend, even if it has been replaced since. */
export function original(name: string): tf.KernelConfig | undefined {
  return kernels.has(name) ? kernels.get(name) : tf.getKernel(name, "wasm");
}

/** Registers a kernel, in place of the one of its name if there is one. */
export function replaceKernel(kernel: tf.KernelConfig): void {
  kernels.set(kernel.kernelName, original(kernel.kernelName));
  setKernel(kernel.kernelName, kernel);
}

/** Registers a gradient, in place of the one of its name if there is one. */
export function replaceGradient(gradient: tf.GradConfig): void {
  const { kernelName } = gradient;
  if (!gradients.has(kernelName)) gradients.set(kernelName, tf.getGradient(kernelName));
  setGradient(kernelName, gradient);
}

/** Registers what was replaced again, and nothing where there was nothing. */
export function restoreAll(): void {
  kernels.forEach((kernel, name) => setKernel(name, kernel));
  gradients.forEach((gradient, name) => setGradient(name, gradient));
  kernels.clear();
  gradients.clear();
}

function setKernel(name: string, kernel: tf.KernelConfig | undefined): void {
  if (tf.getKernel(name, "wasm")) tf.unregisterKernel(name, "wasm"); // or tfjs warns
  if (kernel) tf.registerKernel(kernel);
}

function setGradient(name: string, gradient: tf.GradConfig | undefined): void {
  if (tf.getGradient(name)) tf.unregisterGradient(name);
  if (gradient) tf.registerGradient(gradient);
}
