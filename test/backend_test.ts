// deno-lint-ignore-file no-console -- the console's methods are replaced, to see that nothing is printed
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { BackendName } from "../src/backend.ts";

const printed: unknown[][] = [];
const methods = ["log", "info", "warn", "error", "debug", "trace"] as const;

/** Runs something and notes in `printed` what it prints. */
async function listening<T>(run: () => Promise<T>): Promise<T> {
  const own = methods.map((method) => console[method]);
  for (const method of methods) console[method] = (...args: unknown[]) => printed.push([method, ...args]);
  try {
    return await run();
  } finally {
    methods.forEach((method, i) => console[method] = own[i]);
  }
}

// Imported here and not above, so that what tfjs prints when it is loaded would be noticed too.
const tf = await listening(() => import("@tensorflow/tfjs"));
const { BACKENDS, useBackend } = await listening(() => import("../src/backend.ts"));
const { EnvironmentError, InputError } = await import("../src/errors.ts");

const adapter = await navigator.gpu?.requestAdapter();
const needsGpu = adapter ? "" : " (ignored: no WebGPU adapter)";

/** A product, so that the backend has to compute. */
const product = async () => {
  const result = tf.tidy(() => tf.matMul(tf.tensor2d([[1, 2, 3]]), tf.tensor2d([[4], [5], [6]])));
  const values = [...await result.data()];
  result.dispose();
  return values;
};

/** Runs something while the machine seems to have another adapter, or none. */
async function withAdapter(fake: GPUAdapter | null, run: () => Promise<void>): Promise<void> {
  const gpu = navigator.gpu;
  // The library looks without options; tfjs, which asks for high performance, still gets the real adapter.
  const requestAdapter = (options?: GPURequestAdapterOptions) =>
    options && fake ? GPU.prototype.requestAdapter.call(gpu, options) : Promise.resolve(fake);
  Object.defineProperty(gpu, "requestAdapter", { value: requestAdapter, configurable: true });
  try {
    await run();
  } finally {
    delete (gpu as Partial<GPU>).requestAdapter;
  }
}

const hardware = { vendor: "acme", architecture: "gen9", device: "", description: "", isFallbackAdapter: false };
const pretend = (info: Partial<typeof hardware>) => ({ info: { ...hardware, ...info } }) as unknown as GPUAdapter;

Deno.test("wasm starts without a permission, also when asked for twice at the same time", async () => {
  const expected = { name: "wasm", kernels: "relaxed" } as const;
  const started = await listening(() => Promise.all([useBackend("wasm"), useBackend("wasm")]));
  assertEquals(started, [expected, expected]);
  assertEquals(tf.getBackend(), "wasm");
  assertEquals(await listening(product), [32]);
});

Deno.test("cpu says what it is, and one can come back to wasm", async () => {
  assertEquals(await listening(() => useBackend("cpu")), { name: "cpu", kernels: "tfjs" });
  assertEquals(tf.getBackend(), "cpu");
  assertEquals(await listening(product), [32]);
  assertEquals(await listening(() => useBackend("wasm")), { name: "wasm", kernels: "relaxed" });
  assertEquals(tf.getBackend(), "wasm");
  assertEquals(await product(), [32]);
});

Deno.test({
  name: `an adapter that gives no device is an error in a sentence${needsGpu}`,
  ignore: !adapter, // tfjs has no webgpu backend at all where the browser or Deno has none
  async fn() {
    const gpu = navigator.gpu;
    const requestAdapter = (options?: GPURequestAdapterOptions) => Promise.resolve(options ? null : pretend({}));
    Object.defineProperty(gpu, "requestAdapter", { value: requestAdapter, configurable: true });
    try {
      await assertRejects(
        () => listening(() => useBackend("webgpu")),
        EnvironmentError,
        "The webgpu backend did not start on this machine.",
      );
    } finally {
      delete (gpu as Partial<GPU>).requestAdapter;
    }
    await useBackend("wasm");
    assertEquals(await product(), [32], "after the failure the next backend works");
  },
});

Deno.test({
  name: `webgpu names its adapter${needsGpu}`,
  ignore: !adapter,
  async fn() {
    const { adapter: name, ...backend } = await listening(() => useBackend("webgpu"));
    assertEquals(backend, { name: "webgpu", kernels: "tfjs" });
    assert(typeof name === "string" && name !== "" && name !== "unnamed adapter", `${name}`);
    assertEquals(tf.getBackend(), "webgpu");
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    assertEquals(await listening(product), [32]);
  },
});

Deno.test("nothing was printed while the library was loaded and every backend started", () => {
  assertEquals(printed, []);
});

Deno.test("an unknown backend is refused with the list of those there are", async () => {
  await useBackend("cpu");
  assertEquals([...BACKENDS], ["wasm", "webgpu", "cpu", "auto"]);
  for (const name of ["webgl", "", "CPU", "tensorflow", "toString"]) {
    await assertRejects(
      () => useBackend(name as BackendName),
      InputError,
      `There is no backend "${name}": expected one of wasm, webgpu, cpu, auto.`,
    );
  }
  assertEquals(tf.getBackend(), "cpu", "the backend in use stays");
});

Deno.test("webgpu without an adapter is a sentence, and no other backend is taken in its place", async () => {
  await useBackend("cpu");
  await withAdapter(null, async () => {
    await assertRejects(
      () => useBackend("webgpu"),
      EnvironmentError,
      "The webgpu backend needs a GPU adapter, and this machine offers none: try wasm.",
    );
  });
  assertEquals(tf.getBackend(), "cpu");
});

Deno.test("auto takes wasm without an adapter, and on every adapter that is made of software", async () => {
  const software = [
    null,
    pretend({ isFallbackAdapter: true }),
    pretend({ description: "llvmpipe (LLVM 15.0.6, 256 bits)" }),
    pretend({ description: "SwiftShader Device (Subzero)" }),
    pretend({ vendor: "google", architecture: "swiftshader" }),
    pretend({ description: "Microsoft Basic Render Driver" }),
  ];
  for (const fake of software) {
    await useBackend("cpu");
    await withAdapter(fake, async () => {
      assertEquals(await useBackend("auto"), { name: "wasm", kernels: "relaxed" });
    });
    await useBackend("cpu");
    await withAdapter(fake, async () => assertEquals((await useBackend()).name, "wasm", "auto is the default"));
  }
});

Deno.test({
  name: `auto takes webgpu on an adapter of hardware${needsGpu}`,
  ignore: !adapter, // a pretended adapter leads tfjs to the real one, which does the computing
  async fn() {
    const names: [Partial<typeof hardware>, string][] = [
      [{}, "acme gen9"],
      [{ description: "Acme Quick 5" }, "Acme Quick 5"],
      [{ vendor: "", architecture: "" }, "unnamed adapter"],
    ];
    for (const [info, name] of names) {
      await useBackend("cpu");
      await withAdapter(pretend(info), async () => {
        assertEquals(await useBackend("auto"), { name: "webgpu", kernels: "tfjs", adapter: name });
      });
      assertEquals(tf.getBackend(), "webgpu");
    }
  },
});
