/**
 * The kernels of `assembly/`, at work in tfjs's own memory.
 *
 * @module
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import type * as tf from "@tensorflow/tfjs";
import { BINARIES, PARAMETERS } from "./binaries.ts";
import { type KernelArguments, noMemory, outputOn, type TensorInfo, wasmKernel } from "./compose.ts";

/** The kernels of `assembly/`, each called with its arguments by name: addresses in bytes, sizes in numbers. */
export type Kernels = {
  [Name in keyof typeof PARAMETERS]: (args: Record<(typeof PARAMETERS)[Name][number], number>) => number;
};

/** Bytes of a float32, and of an int32. */
export const FLOAT = 4;

/** tfjs's memory, and what works in it. */
export interface Heap {
  kernels: Kernels;
  /** Bytes of memory until the kernel's work is done, and what they hold is anything. */
  scratch(bytes: number): number;
  /** Where a tensor's numbers lie. */
  address(x: TensorInfo): number;
  /** A table of addresses, in scratch memory. */
  list(addresses: Uint32Array): number;
  /** A new tensor for the result, of float32 unless said otherwise; what it holds is anything. */
  output(shape: number[], dtype?: "float32" | "int32" | "bool"): TensorInfo;
  /** A tensor's numbers themselves. Taking more memory may detach this view: take first, view last. */
  values(x: TensorInfo): Numbers;
  /** So many int32 at an address; a view of the same kind. */
  integers(address: number, count: number): Int32Array;
}

/** A tensor's numbers: as float32, int32 or bool. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** What of Emscripten's module is needed. */
interface Emscripten {
  asm: { memory: WebAssembly.Memory };
  /** The memory, in tfjs's build for cross-origin isolated pages, whose threads share it. */
  wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** A build of the kernels: `relaxed` needs relaxed SIMD, and may multiply and add in one instruction; `simd` does not. */
export type Build = "relaxed" | "simd";

/** Whether this machine can run a build. */
export function runnable(build: Build): boolean {
  return WebAssembly.validate(binaryOf(build, false));
}

/** The binary of a build, for a memory that threads share or for one that they do not. */
function binaryOf(build: Build, shared: boolean): Uint8Array<ArrayBuffer> {
  const text = atob(BINARIES[build]);
  const binary = Uint8Array.from(text, (char) => char.charCodeAt(0));
  // What a binary imports comes first in it: the name "memory", a byte for the kind, and one for flags, of which 2 says shared.
  if (shared) binary[text.indexOf("memory") + 7]! |= 2;
  return binary;
}

/** The fastest build that this machine can run, if it can run any. */
export function fastest(): Build | undefined {
  return (["relaxed", "simd"] as const).find(runnable);
}

/** The least that a result may be with an activation that the kernels apply themselves; nothing for others. */
export function floorOf(activation = "linear"): number | undefined {
  return { linear: -Infinity, relu: 0 }[activation];
}

/**
 * Declares a kernel of the WASM backend that does its work in place; its scratch memory is freed afterwards, also when it
 * throws.
 *
 * @param work What it does; where it returns nothing, tfjs's own kernel is asked.
 */
export function assembledKernel<Names extends string = string, Optional extends string = never>(
  kernelName: string,
  build: Build,
  work: (heap: Heap, args: KernelArguments<Names, Optional>) => TensorInfo | TensorInfo[] | undefined,
  own?: tf.KernelConfig,
): tf.KernelConfig {
  type Arguments = KernelArguments<Names, Optional>;
  const done = (args: Arguments) => withHeap(args.backend, build, (heap) => work(heap, args));
  const tfjs = (args: Arguments) => own!.kernelFunc(args as never) as TensorInfo;
  return wasmKernel(kernelName, (args: Arguments) => done(args) ?? tfjs(args), own);
}

/** The kernels in each backend's memory, by their build. */
const instances = new WeakMap<WebAssembly.Memory, Partial<Record<Build, Kernels>>>();

function kernelsIn(memory: WebAssembly.Memory, build: Build): Kernels {
  const builds = instances.get(memory) ?? {};
  instances.set(memory, builds);
  const shared = !(memory.buffer instanceof ArrayBuffer);
  const module = () => new WebAssembly.Module(binaryOf(build, shared));
  return builds[build] ??= named(new WebAssembly.Instance(module(), { env: { memory } }));
}

/** An instance's functions, with arguments by name. */
function named({ exports }: WebAssembly.Instance): Kernels {
  const entries = Object.entries(PARAMETERS).map(([name, parameters]) => {
    const kernel = exports[name] as (...args: number[]) => number;
    // Every parameter is among the arguments: `Kernels` asks for it.
    return [name, (args: Record<string, number>) => kernel(...parameters.map((parameter) => args[parameter]!))];
  });
  return Object.fromEntries(entries);
}

/** Lets `work` use a backend's memory. */
export function withHeap<T>(backend: BackendWasm, build: Build, work: (heap: Heap) => T): T {
  const { asm, wasmMemory, _malloc, _free } = backend.wasm as unknown as Emscripten;
  const memory = wasmMemory ?? asm.memory;
  const kernels = kernelsIn(memory, build);
  const taken: number[] = [];
  const outputs: TensorInfo[] = [];
  const scratch = (bytes: number) => {
    const at = _malloc(bytes) >>> 0; // which Emscripten returns as a signed number
    if (at === 0) throw noMemory(bytes);
    taken.push(at);
    return at;
  };
  try {
    return work({
      kernels,
      scratch,
      list(addresses) {
        const at = scratch(addresses.length * FLOAT);
        new Uint32Array(memory.buffer, at, addresses.length).set(addresses);
        return at;
      },
      address: ({ dataId }) => backend.getMemoryOffset(dataId),
      output(shape, dtype = "float32") {
        const made = outputOn(backend, shape, dtype);
        outputs.push(made);
        return made;
      },
      values: (x) => backend.typedArrayFromHeap(x) as Numbers,
      integers: (address, count) => new Int32Array(memory.buffer, address >>> 0, count),
    });
  } catch (error) {
    for (const { dataId } of outputs) backend.disposeData(dataId);
    throw error;
  } finally {
    taken.forEach((at) => _free(at));
  }
}
