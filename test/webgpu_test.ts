/**
 * What a training step asks of a GPU: how often it computes, compiles, uploads and reads. There is no clock in it, so it says
 * the same on an adapter made of software.
 *
 * @module
 */
import { assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { loadDigits } from "../src/data/digits.ts";
import { take } from "../src/data/images.ts";
import { convVae } from "../src/models/conv_vae.ts";
import { denseVae } from "../src/models/dense_vae.ts";
import { negativeElbo } from "../src/objectives/negative_elbo.ts";
import { train } from "../src/training/train.ts";
import { hasGpu, needsGpu, startBackend } from "./_backends.ts";

/** What was asked of the GPU. */
interface Asked {
  dispatches: number;
  pipelines: number;
  reads: number;
  /** Bytes of tensors that were uploaded: tfjs maps a new buffer for each, and sends a shader's sizes another way. */
  uploaded: number;
}

/** Counts what is asked of every GPU from now on, until `stop`. */
function counting(): { asked: Asked; stop(): void } {
  const asked: Asked = { dispatches: 0, pipelines: 0, reads: 0, uploaded: 0 };
  const undo: (() => void)[] = [];
  // deno-lint-ignore no-explicit-any -- any method of any class
  const count = (owner: any, method: string, note: (...args: any[]) => void) => {
    const original = owner[method];
    owner[method] = function (...args: unknown[]) {
      note(...args);
      return original.apply(this, args);
    };
    undo.push(() => owner[method] = original);
  };
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => asked.dispatches++);
  for (const method of ["createComputePipeline", "createComputePipelineAsync", "createShaderModule"]) {
    count(GPUDevice.prototype, method, () => asked.pipelines++);
  }
  count(GPUBuffer.prototype, "mapAsync", () => asked.reads++);
  count(GPUDevice.prototype, "createBuffer", ({ size, mappedAtCreation }: GPUBufferDescriptor) => {
    if (mappedAtCreation) asked.uploaded += size;
  });
  return { asked, stop: () => undo.forEach((restore) => restore()) };
}

for (
  const [name, make, most] of [
    ["conv", () => convVae({ filters: [4, 8] }), 174],
    ["dense", () => denseVae({ hidden: 8, latent: 2 }), 125],
  ] as const
) {
  Deno.test({
    name: `a step of the ${name} VAE reads nothing back, compiles nothing, and uploads no data again${needsGpu}`,
    ignore: !hasGpu,
    async fn() {
      await startBackend("webgpu");
      const digits = take((await loadDigits()).train, 24);
      const vae = make();
      const batch = 4, indices = 4 * batch, noise = 4 * batch * vae.latent;
      const steps = train(negativeElbo(vae), digits, { epochs: 3, batchSize: batch, readEvery: 3 });
      const perStep: Asked[] = [];
      for (let step = 1; step <= 12; step++) {
        const { asked, stop } = counting();
        await steps.next();
        stop();
        perStep.push(asked);
      }
      await steps.return();
      vae.dispose();
      const settled = perStep.slice(6); // the first epoch has compiled what there is to compile
      const [first] = settled;
      assertLessOrEqual(first.dispatches, most);
      settled.forEach((asked, i) => {
        const reads = i % 3 === 2; // steps 9 and 12
        assertEquals([asked.reads, asked.pipelines], [reads ? 1 : 0, 0], `step ${7 + i}`);
        if (!reads) assertEquals(asked.dispatches, first.dispatches);
        if (!reads) assertEquals(asked.uploaded, first.uploaded);
      });
      // Beside these the numbers of formulas, and one matrix as large as the batch: the ones in tfjs's gradient of a sum.
      assertLess(first.uploaded, indices + noise + 4 * batch * 784 + 256);
    },
  });
}
