/**
 * Runs kernels of tfjs's `cpu` backend for the WASM backend, in rare cases such as the sine of whole numbers, and for
 * strings. The inputs are copied to the `cpu` backend, and the result is copied back.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { EnvironmentError } from "./environment_error.ts";
import { type KernelArguments, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

/** The parts of tfjs's `cpu` backend that are used here. */
interface Cpu {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.BackendValues): TensorInfo;
  readSync(dataId: object): tf.BackendValues;
  disposeData(dataId: object): boolean;
}

/** A kernel of the WASM backend that always runs on the `cpu` backend. */
export function onCpu(kernelName: string): tf.KernelConfig {
  return wasmKernel(kernelName, (args) => runOnCpu(kernelName, args));
}

/** Wraps a kernel of the WASM backend so that it runs on the `cpu` backend if `which` returns true. */
export function onCpuWhere<Names extends string = string, Optional extends string = never>(
  own: tf.KernelConfig,
  which: (args: KernelArguments<Names, Optional>) => boolean,
): tf.KernelConfig {
  return wasmKernel<Names, Optional>(own.kernelName, (args) => {
    if (which(args)) return runOnCpu(own.kernelName, args);
    return own.kernelFunc(args as never) as TensorInfo;
  }, own);
}

/** Wraps a kernel of the WASM backend that is right only if each of its inputs has one of these types. */
export function rightFor(types: readonly tf.DataType[], own: tf.KernelConfig): tf.KernelConfig {
  return onCpuWhere(own, ({ inputs }) => tensorsIn(inputs).some(({ dtype }) => !types.includes(dtype)));
}

/** All tensors among a kernel's inputs; an input may be missing, or a list. */
export function tensorsIn(inputs: unknown): TensorInfo[] {
  if (typeof inputs !== "object" || inputs === null) return [];
  return "dataId" in inputs ? [inputs as TensorInfo] : Object.values(inputs).flatMap(tensorsIn);
}

/**
 * Runs the `cpu` backend's kernel of this name on tensors of the WASM backend.
 *
 * @throws {EnvironmentError} If the `cpu` backend is not registered.
 */
export function runOnCpu(
  kernelName: string,
  { inputs, attrs, backend }: KernelArguments<never>,
): TensorInfo | TensorInfo[] {
  const cpu = tf.findBackend("cpu") as unknown as Cpu | null;
  const kernel = tf.getKernel(kernelName, "cpu");
  if (!cpu || !kernel) {
    const types = [...new Set(tensorsIn(inputs).map(({ dtype }) => dtype))].join(" and ");
    throw new EnvironmentError(`${kernelName} of ${types} on wasm needs tfjs's cpu backend, which is not registered.`);
  }
  Object.assign(cpu, { firstUse: false }); // otherwise tfjs prints a banner that recommends another package
  const held: TensorInfo[] = [];
  const hold = (made: TensorInfo) => {
    held.push(made);
    return made;
  };
  const lend = (given: unknown): unknown => {
    if (typeof given !== "object" || given === null) return given;
    if (Array.isArray(given)) return given.map(lend);
    if (!("dataId" in given)) return Object.fromEntries(Object.entries(given).map(([name, x]) => [name, lend(x)]));
    const { dataId, shape, dtype } = given as TensorInfo;
    return hold(cpu.makeTensorInfo(shape, dtype, backend.readSync(dataId)));
  };
  try {
    const result = kernel.kernelFunc({ inputs: lend(inputs), attrs, backend: cpu } as never);
    const take = (made: TensorInfo) => outputOn(backend, hold(made).shape, made.dtype, cpu.readSync(made.dataId));
    return Array.isArray(result) ? result.map(take) : take(result as TensorInfo);
  } finally {
    for (const { dataId } of held) cpu.disposeData(dataId);
  }
}
