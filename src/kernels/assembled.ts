/**
 * Runs the kernels of `assembly/` in tfjs's own memory.
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

/** tfjs's memory, and the kernels that work in it. */
export interface Heap {
  kernels: Kernels;
  /** Allocates uninitialised memory, in bytes, which is freed when the kernel has finished. */
  scratch(bytes: number): number;
  /** The address of a tensor's numbers. */
  address(x: TensorInfo): number;
  /** Writes a table of addresses into scratch memory. */
  list(addresses: Uint32Array): number;
  /** Creates a tensor for the result, uninitialised; by default of float32. */
  output(shape: number[], dtype?: "float32" | "int32" | "bool"): TensorInfo;
  /** A view of a tensor's numbers. Allocating memory may detach it, so allocate first. */
  values(x: TensorInfo): Numbers;
  /** A view of `count` int32 at an address, which allocating may detach too. */
  integers(address: number, count: number): Int32Array;
}

/** A tensor's numbers: as float32, int32 or bool. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** The parts of Emscripten's module that are used here. */
interface Emscripten {
  asm: { memory: WebAssembly.Memory };
  /** The memory that threads share, in tfjs's build for cross-origin isolated pages. */
  wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/**
 * A build of the kernels: `relaxed` multiplies and adds in one instruction and requires relaxed SIMD; `simd` requires
 * SIMD.
 */
export type Build = "relaxed" | "simd";

/** Whether this machine can run a build. */
export function runnable(build: Build): boolean {
  return WebAssembly.validate(binaryOf(build, false));
}

/** The binary of a build, for memory that threads share or for ordinary memory. */
function binaryOf(build: Build, shared: boolean): Uint8Array<ArrayBuffer> {
  const text = atob(BINARIES[build]);
  const binary = Uint8Array.from(text, (char) => char.charCodeAt(0));
  // A binary begins with its imports: the name "memory", a byte for the kind, and a byte of flags; 2 means shared.
  if (shared) binary[text.indexOf("memory") + 7]! |= 2;
  return binary;
}

/** The fastest build that this machine can run, or `undefined` if it can run none. */
export function fastest(): Build | undefined {
  return (["relaxed", "simd"] as const).find(runnable);
}

/** The lower bound that an activation sets, if the kernels can apply it themselves; otherwise `undefined`. */
export function floorOf(activation = "linear"): number | undefined {
  return { linear: -Infinity, relu: 0 }[activation];
}

/**
 * Declares a kernel of the WASM backend that works in tfjs's memory. Its scratch memory is freed afterwards, even if it
 * throws.
 *
 * @param work Computes the result; if it returns `undefined`, tfjs's own kernel computes it.
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
    // `Kernels` makes sure that every parameter is among the arguments.
    return [name, (args: Record<string, number>) => kernel(...parameters.map((parameter) => args[parameter]!))];
  });
  return Object.fromEntries(entries);
}

/** Calls `work` with a backend's memory. */
export function withHeap<T>(backend: BackendWasm, build: Build, work: (heap: Heap) => T): T {
  const { asm, wasmMemory, _malloc, _free } = backend.wasm as unknown as Emscripten;
  const memory = wasmMemory ?? asm.memory;
  const kernels = kernelsIn(memory, build);
  const taken: number[] = [];
  const outputs: TensorInfo[] = [];
  const scratch = (bytes: number) => {
    const at = _malloc(bytes) >>> 0; // Emscripten returns a signed number
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
