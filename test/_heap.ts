/**
 * What a training holds of memory, after so many steps.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import { convVae, loadDigits, negativeElbo, take, train, useBackend } from "../mod.ts";

/** What is held at one moment. */
export interface Held {
  /** Bytes that the backend's memory spans, and how many of them its allocator has given out since the training began. */
  heap: number;
  given: number;
  /** By tfjs's count. */
  tensors: number;
  buffers: number;
  bytes: number;
}

/** Trains a small convolutional VAE, epochs with a smaller last batch, and looks after each of these numbers of steps. */
export async function heldAfter(steps: number[]): Promise<Held[]> {
  await useBackend("wasm");
  const wasm = (tf.backend() as BackendWasm).wasm as unknown as {
    asm: { memory: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  tf.zeros([1]).dispose(); // since the allocator's functions replace themselves when first called
  const { _malloc, _free } = wasm;
  const given = new Map<number, number>();
  wasm._malloc = (bytes) => {
    const address = _malloc(bytes);
    given.set(address, bytes);
    return address;
  };
  wasm._free = (address) => {
    given.delete(address);
    _free(address);
  };
  const vae = convVae({ filters: [3, 5], hidden: 4 });
  const examples = take((await loadDigits()).train, 30);
  const held: Held[] = [];
  try {
    for await (const { step } of train(negativeElbo(vae), examples, { epochs: 1000, batchSize: 8 })) {
      if (steps.includes(step)) {
        const { numTensors: tensors, numDataBuffers: buffers, numBytes: bytes } = tf.memory();
        const sum = given.values().reduce((sum, bytes) => sum + bytes, 0);
        held.push({ heap: wasm.asm.memory.buffer.byteLength, given: sum, tensors, buffers, bytes });
      }
      if (step >= Math.max(...steps)) break;
    }
  } finally {
    Object.assign(wasm, { _malloc, _free });
    vae.dispose();
  }
  return held;
}
