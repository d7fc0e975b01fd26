import { assertEquals } from "@std/assert";
import { useBackend } from "../src/backend.ts";
import { computed } from "./_kernels_worker.ts";
import { granted, testIf } from "./_run.ts";

const WORKERS = 24;

testIf(
  await granted({ name: "read" }),
  "permission to read",
  `${WORKERS} workers at once compute the same`,
  async () => {
    const workers = Array.from({ length: WORKERS }, () => {
      return new Worker(new URL("_kernels_worker.ts", import.meta.url), { type: "module" });
    });
    try {
      const answers = await Promise.all(workers.map((worker) =>
        new Promise((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => {
            event.preventDefault();
            reject(new Error(event.message));
          };
          worker.postMessage({});
        })
      ));
      const { kernels } = await useBackend("wasm");
      const values = await computed();
      assertEquals(values.length, 90);
      assertEquals(answers, Array(WORKERS).fill({ kernels, values }));
    } finally {
      for (const worker of workers) worker.terminate();
    }
  },
);
