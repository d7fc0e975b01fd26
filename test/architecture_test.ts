/**
 * Networks of every kind of layer, saved by one process and loaded by another, which has made other layers before.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { loadVae } from "../mod.ts";
import { difference } from "../src/models/architecture.ts";
import { startBackend } from "./_backends.ts";
import { outputs, trained, vaeOf } from "./_every_layer.ts";
import { KINDS } from "./_layer_kinds.ts";
import { deno, granted, testIf, withTempDir } from "./_run.ts";

const canRun = await granted({ name: "run" }) && await granted({ name: "write" }) && await granted({ name: "read" });

testIf(
  canRun,
  "--allow-read --allow-write --allow-run",
  "a model of any kind of layer loads, and its training resumes, in a process that has made other layers before",
  () =>
    withTempDir(async (directory) => {
      const program = new URL("_every_layer.ts", import.meta.url).pathname;
      const { code, err } = await deno(["run", "--no-prompt", "--allow-read", "--allow-write", program, directory]);
      assertEquals([code, err.match(/error/i)], [0, null], err);
      await startBackend("cpu");
      Object.keys(KINDS).toReversed().forEach((kind) => vaeOf(kind).dispose()); // as many names as that takes
      for (const [i, kind] of Object.keys(KINDS).entries()) {
        const vae = vaeOf(kind);
        await loadVae(vae, `${directory}/${i}`);
        const expected = JSON.parse(await Deno.readTextFile(`${directory}/${i}.json`));
        assertEquals(await outputs(kind, vae), expected, kind);
        await trained(vae, `${directory}/${i}-kept`, 1); // resumed at its end, which puts its weights back
        const after = JSON.parse(await Deno.readTextFile(`${directory}/${i}-kept.json`));
        assertEquals(await outputs(kind, vae), after, `${kind}, resumed`);
        vae.dispose();
        const made = await loadVae(`${directory}/${i}`); // of the files alone
        assertEquals(await outputs(kind, made), expected, kind);
        made.dispose();
      }
    }),
);

/** A network as its file says it. */
function architecture(network: tf.LayersModel) {
  const json = {
    modelTopology: JSON.parse(JSON.stringify(network.toJSON(null, false))),
    weightsManifest: [{
      paths: ["weights.bin"],
      weights: network.weights.map(({ originalName: name, shape }) => ({ name, shape })),
    }],
  };
  network.dispose();
  return json;
}

type Make = (x: tf.SymbolicTensor) => unknown;
const { layers } = tf;
const ofRows = (make: Make) => {
  const x = tf.input({ shape: [4, 3] });
  return architecture(tf.model({ inputs: x, outputs: make(x) as tf.SymbolicTensor }));
};
const inner = (units: number, activation: "relu" | "tanh" = "relu") =>
  tf.sequential({
    layers: [layers.dense({ inputShape: [4, 3], units, activation }), layers.dense({ units: 3 })],
  });

Deno.test("layers within layers are told apart by what they are, and the message says where", async () => {
  await startBackend("cpu");
  const cells = (...units: number[]): Make => (x) =>
    layers.rnn({ cell: units.map((units) => layers.gruCell({ units })) }).apply(x);
  const cases: [Make, Make, string][] = [
    [
      (x) => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }).apply(x),
      (x) => layers.timeDistributed({ layer: layers.dense({ units: 5 }) }).apply(x),
      "its layer 1 (TimeDistributed): its layer (Dense) has units 2, expected 5",
    ],
    [
      (x) => layers.timeDistributed({ layer: layers.dense({ units: 3 }) }).apply(x),
      (x) => layers.timeDistributed({ layer: layers.activation({ activation: "relu" }) }).apply(x),
      "its layer 1 (TimeDistributed): its layer is Dense, expected Activation",
    ],
    [
      (x) => layers.bidirectional({ layer: layers.lstm({ units: 2 }) as tf.RNN, mergeMode: "sum" }).apply(x),
      (x) => layers.bidirectional({ layer: layers.lstm({ units: 3 }) as tf.RNN, mergeMode: "sum" }).apply(x),
      "its layer 1 (Bidirectional): its layer (LSTM) has units 2, expected 3",
    ],
    [cells(2, 3), cells(2, 4), "its layer 1 (RNN): its cells[1] (GRUCell) has units 3, expected 4"],
    [cells(2, 4), cells(2, 4, 4), "its layer 1 (RNN) has 2 cells, expected 3"],
    [
      (x) => inner(2).apply(x),
      (x) => inner(2, "tanh").apply(x),
      "its layer 1 (Sequential): its layer 0 (Dense) has activation relu, expected tanh",
    ],
    [
      (x) => layers.dense({ units: 2, kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }) }).apply(x),
      (x) => layers.dense({ units: 2, kernelConstraint: tf.constraints.maxNorm({ maxValue: 3 }) }).apply(x),
      "its layer 1 (Dense): its kernel_constraint (MaxNorm) has max_value 2, expected 3",
    ],
  ];
  for (const [found, wanted, sentence] of cases) {
    assertEquals(difference(ofRows(found), ofRows(wanted)), sentence);
    assertEquals(difference(ofRows(wanted), ofRows(wanted)), undefined, `${sentence}: the same twice`);
  }
});

Deno.test("weights of layers within layers are told apart by their place, not by their names", async () => {
  await startBackend("cpu");
  const nested: Make = (x) => inner(3).apply(inner(3).apply(x));
  const [found, wanted] = [ofRows(nested), ofRows(nested)];
  assert(JSON.stringify(found) !== JSON.stringify(wanted), "other names");
  assertEquals(difference(found, wanted), undefined);
  const weights = found.weightsManifest[0]!.weights;
  const swapped = (a: number, b: number) => ({
    ...found,
    weightsManifest: [{ paths: ["weights.bin"], weights: weights.with(a, weights[b]!).with(b, weights[a]!) }],
  });
  for (const [a, b] of [[0, 2], [0, 4], [1, 7], [2, 6]] as const) { // of the same shape each
    assertEquals(weights[a]!.shape, weights[b]!.shape);
    assertEquals(difference(swapped(a, b), wanted), "its weights differ or are in another order", `${a}, ${b}`);
  }
});

Deno.test("a layer that is called as an activation is does not hide another activation", async () => {
  await startBackend("cpu");
  const named = (name: "relu" | "tanh"): Make => (x) => layers.dense({ units: 3, name, activation: name }).apply(x);
  const sentence = "its layer 1 (Dense) has activation relu, expected tanh";
  assertEquals(difference(ofRows(named("relu")), ofRows(named("tanh"))), sentence);
});

Deno.test("layers of two networks may have the same name", async () => {
  await startBackend("cpu");
  const part = () =>
    tf.sequential({
      layers: [layers.dense({ inputShape: [4, 3], units: 3, name: "mine" }), layers.dense({ units: 3 })],
    });
  const twice: Make = (x) => part().apply(part().apply(x));
  assertEquals(difference(ofRows(twice), ofRows(twice)), undefined);
});
