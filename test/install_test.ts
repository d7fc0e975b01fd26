import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { activeKernels, EnvironmentError, installTrainingKernels, uninstallTrainingKernels } from "@vae/kernels";
import { useBackend } from "../src/backend.ts";
import { EnvironmentError as OfTheLibrary } from "../src/errors.ts";

tf.enableProdMode();

/** What is registered with tfjs: each kernel and gradient itself, by its name. */
const registered = () => {
  const kernels = ["wasm", "cpu"].flatMap((backend) =>
    tf.getKernelsForBackend(backend).map((kernel) => [`${backend} ${kernel.kernelName}`, kernel] as const)
  );
  const names = new Set(kernels.map(([, { kernelName }]) => kernelName));
  const gradients = [...names].map((name) => [`gradient ${name}`, tf.getGradient(name)] as const);
  return new Map<string, unknown>([...kernels, ...gradients]);
};

/** The names of what differs. */
const changes = (before: Map<string, unknown>, after: Map<string, unknown>) =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));

Deno.test("uninstalled, tfjs has each of its kernels and gradients again, whichever builds were installed", async () => {
  uninstallTrainingKernels();
  const before = registered();
  assert(!before.has("wasm Conv2DBackpropFilter"), "which tfjs lacks");
  for (const builds of [["relaxed"], ["simd", "relaxed", "simd"]] as const) {
    for (const build of builds) assertEquals(installTrainingKernels(build), build);
    const changed = changes(before, registered());
    assert(changed.includes("wasm Conv2DBackpropFilter") && changed.includes("wasm Sum"));
    assert(changed.includes("gradient Conv2D"));
    assertEquals(changed.filter((name) => name.startsWith("cpu")), []);
    await useBackend("wasm");
    uninstallTrainingKernels();
    assertEquals(changes(before, registered()), []);
  }
  uninstallTrainingKernels(); // without effect
  assertEquals(changes(before, registered()), []);
});

Deno.test("whose kernels are active, and if tfjs's own, why", async () => {
  await useBackend("wasm");
  uninstallTrainingKernels();
  assertEquals(activeKernels(), {
    kernels: "tfjs",
    reason: "The training kernels are not installed: call installTrainingKernels().",
  });
  installTrainingKernels("simd");
  assertEquals(activeKernels(), { kernels: "simd" });
  await tf.setBackend("cpu");
  assertEquals(activeKernels(), {
    kernels: "tfjs",
    reason:
      'The training kernels work on the wasm backend, and the backend in use is cpu: call await tf.setBackend("wasm").',
  });
  assertEquals(await useBackend("wasm"), { name: "wasm", kernels: "simd" });
});

Deno.test("a program without the wasm backend gets a sentence, and nothing is registered", async () => {
  uninstallTrainingKernels();
  const before = registered();
  await tf.setBackend("cpu");
  const factory = tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  const refused = () => assertThrows(() => installTrainingKernels(), EnvironmentError).message;
  try {
    assertEquals(refused(), "The training kernels need tfjs's wasm backend: load @tensorflow/tfjs-backend-wasm first.");
  } finally {
    tf.registerBackend("wasm", factory, 2);
  }
  assertEquals(changes(before, registered()), []);
  assertEquals(EnvironmentError, OfTheLibrary);
});
