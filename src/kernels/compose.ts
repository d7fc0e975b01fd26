/**
 * Composes kernels from tfjs's own kernels.
 *
 * A kernel runs below the ops: it is not on the gradient tape and the engine does not track its tensors. So it calls no
 * ops (`tf.transpose`) but kernels (`Transpose`), and frees their memory itself.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";

/** The input or output of a kernel: the data, shape and type of a tensor that the engine does not track. */
export type TensorInfo = tf.TensorInfo;

/** The sizes of images `[B, H, W, C]`; the ops of tfjs that take images refuse other tensors. */
export type Shape4 = [number, number, number, number];

/**
 * What tfjs passes to a kernel. `Names` are the inputs that its op always gives, `Optional` those that it may leave
 * out.
 */
export interface KernelArguments<Names extends string = string, Optional extends string = never> {
  inputs: Record<Names, TensorInfo> & { [Name in Optional]?: TensorInfo | undefined };
  // deno-lint-ignore no-explicit-any -- each kernel has attributes of its own
  attrs: any;
  backend: BackendWasm;
}

/** Runs other kernels while a kernel is composed. */
export interface Composer {
  /** Runs a kernel of the WASM backend, given by its name or its configuration. The result is disposed at the end. */
  run(kernel: string | tf.KernelConfig, inputs: Record<string, TensorInfo> | TensorInfo[], attrs?: object): TensorInfo;
}

/** Declares a kernel of the WASM backend that is composed from others. */
export function composedKernel<Names extends string = string, Optional extends string = never>(
  kernelName: string,
  build: (composer: Composer, args: KernelArguments<Names, Optional>) => TensorInfo,
  own?: tf.KernelConfig,
): tf.KernelConfig {
  return wasmKernel(kernelName, (args) => compose(args, build), own);
}

/** Declares a kernel of the WASM backend; with the setup of tfjs's own kernel, if the new one falls back on that. */
export function wasmKernel<Names extends string = string, Optional extends string = never>(
  kernelName: string,
  run: (args: KernelArguments<Names, Optional>) => TensorInfo | TensorInfo[],
  own?: tf.KernelConfig,
): tf.KernelConfig {
  const kernelFunc: tf.KernelFunc = (args) => run(args as unknown as KernelArguments<Names, Optional>);
  return { ...own, kernelName, backendName: "wasm", kernelFunc };
}

/**
 * Creates a tensor on the WASM backend, with the given values or uninitialised.
 *
 * @throws {RangeError} If there is no memory left for it. tfjs itself would overwrite the beginning of its memory.
 */
export function outputOn(
  backend: BackendWasm,
  shape: number[],
  dtype: tf.DataType,
  values?: tf.BackendValues,
): TensorInfo {
  if (dtype === "string") return backend.makeOutput(shape, dtype, undefined, values);
  const made = backend.makeOutput(shape, dtype);
  if (backend.getMemoryOffset(made.dataId) === 0) {
    backend.disposeData(made.dataId);
    throw noMemory(tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype));
  }
  if (values) backend.typedArrayFromHeap(made).set(values as ArrayLike<number>);
  return made;
}

/** The error for a WASM backend that has no memory left for this many bytes. */
export function noMemory(bytes: number): RangeError {
  return new RangeError(`The wasm backend's memory has no ${bytes} bytes left.`);
}

/** Runs `build`, keeps the tensor that it returns, and disposes all others, even if it throws. */
function compose<Arguments extends KernelArguments<never>>(
  args: Arguments,
  build: (composer: Composer, args: Arguments) => TensorInfo,
): TensorInfo {
  const { backend } = args;
  const made: TensorInfo[] = [];
  try {
    const result = build({
      run(kernel, inputs, attrs = {}) {
        const { kernelFunc } = typeof kernel === "string" ? tf.getKernel(kernel, "wasm") : kernel;
        const out = kernelFunc({
          inputs: inputs as tf.NamedTensorInfoMap,
          attrs: attrs as tf.NamedAttrMap,
          backend,
        }) as TensorInfo;
        made.push(out);
        return out;
      },
    }, args);
    backend.incRef(result.dataId); // a reshape shares the data of its input, so this must be counted, not skipped
    return result;
  } finally {
    for (const { dataId } of made) backend.disposeData(dataId);
  }
}
