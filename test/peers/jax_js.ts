/**
 * The gradient of the convolutional VAE's loss in jax-js, on wasm and one core: a peer for `deno task bench:peers`, which
 * runs this with a lock file of its own, so that nobody else fetches the package.
 *
 * Usage: deno run --no-config --lock=jax_js.lock --frozen jax_js.ts BATCH. What it reads and writes is in `peer.ts`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a program
import process from "node:process";

/** What of the package is used here. A call takes its arguments for good, unless they are given as `x.ref`. */
interface JaxJs {
  blockUntilReady(x: Weights): Promise<Weights>;
  defaultDevice(device: string): void;
  grad(f: Loss): (...args: Parameters<Loss>) => Weights;
  init(device: string): Promise<unknown>;
  jit(f: (...args: Parameters<Loss>) => Weights): (...args: Parameters<Loss>) => Weights;
  lax: Record<"convGeneralDilated" | "convTranspose", Convolve>;
  nn: Record<"relu" | "softplus", (x: JaxArray) => JaxArray>;
  numpy: Record<"exp" | "square", (x: JaxArray) => JaxArray> & {
    array(x: Float32Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
    split(x: JaxArray, parts: number, axis: number): JaxArray[];
    zeros(shape: number[]): JaxArray;
  };
  tree: { ref(x: Weights): Weights; dispose(x: Weights): void };
}

interface JaxArray {
  ref: JaxArray;
  add(x: JaxArray): JaxArray;
  mul(x: JaxArray | number): JaxArray;
  sub(x: JaxArray | number): JaxArray;
  reshape(shape: number[]): JaxArray;
  sum(): JaxArray;
}

type Convolve = (
  x: JaxArray,
  w: JaxArray,
  strides: number[],
  pad: "SAME",
  options?: { transposeKernel: boolean },
) => JaxArray;
type Weights = Record<string, JaxArray>;
type Loss = (p: Weights, x: JaxArray, eps: JaxArray) => JaxArray;

const JAX_JS = "npm:@jax-js/jax@0.1.25";

const batch = Number(Deno.args[0]);
delete (globalThis as { Worker?: unknown }).Worker; // without workers it keeps to one core
const jax: JaxJs = await import(JAX_JS);
const { lax, nn, numpy: np, tree } = jax;
await jax.init("wasm");
jax.defaultDevice("wasm");

/** Unequal numbers of some size. */
function numbers(shape: number[], size: number): JaxArray {
  const count = shape.reduce((product, n) => product * n, 1);
  return np.array(Float32Array.from({ length: count }, (_, i) => size * Math.sin(1.7 * i + i * i / 100))).reshape(
    shape,
  );
}

/** The shapes of the weights of `convVae` with its defaults; convolutions have their channels first. */
const SHAPES = {
  conv1: [32, 1, 3, 3],
  conv2: [64, 32, 3, 3],
  hidden: [3136, 16],
  code: [16, 4],
  grow: [2, 3136],
  up1: [64, 64, 3, 3],
  up2: [64, 32, 3, 3],
  up3: [32, 1, 3, 3],
};
const weights: Weights = {};
for (const [name, shape] of Object.entries(SHAPES)) {
  weights[name] = numbers(shape, 0.05);
  weights[`${name}Bias`] = np.zeros([name.startsWith("conv") ? shape[0] : shape[1]]);
}

const dense = (x: JaxArray, p: Weights, name: string) => np.matmul(x, p[name]).add(p[`${name}Bias`]);

const biased = (y: JaxArray, p: Weights, name: string) => y.add(p[`${name}Bias`].reshape([1, -1, 1, 1]));

/** A convolution of stride 2, and a transposed one of any stride. */
const halve = (x: JaxArray, p: Weights, name: string) =>
  biased(lax.convGeneralDilated(x, p[name], [2, 2], "SAME"), p, name);
const grow = (x: JaxArray, p: Weights, name: string, stride: number) =>
  biased(lax.convTranspose(x, p[name], [stride, stride], "SAME", { transposeKernel: true }), p, name);

/** The negative ELBO of a batch, its mean. */
const loss: Loss = (p, x, eps) => {
  const small = nn.relu(halve(nn.relu(halve(x.ref, p, "conv1")), p, "conv2"));
  const code = dense(nn.relu(dense(small.reshape([batch, 3136]), p, "hidden")), p, "code");
  const [mu, logVar] = np.split(code, 2, 1);
  const z = mu.ref.add(np.exp(logVar.ref.mul(0.5)).mul(eps));
  const image = nn.relu(dense(z, p, "grow")).reshape([batch, 64, 7, 7]);
  const logits = grow(nn.relu(grow(nn.relu(grow(image, p, "up1", 2)), p, "up2", 2)), p, "up3", 1);
  const reconstruction = nn.softplus(logits.ref).sub(x.mul(logits)).sum();
  const kl = np.square(mu).add(np.exp(logVar.ref)).sub(1).sub(logVar).sum().mul(0.5);
  return reconstruction.add(kl).mul(1 / batch);
};

const [x, eps] = [numbers([batch, 1, 28, 28], 0.5), numbers([batch, 2], 1)];
const ways = { grad: jax.grad(loss), jit: jax.jit(jax.grad(loss)) };

/** Milliseconds of one gradient. */
async function gradient(way: keyof typeof ways) {
  const [start, startCpu] = [performance.now(), process.cpuUsage()];
  const slopes = await jax.blockUntilReady(ways[way](tree.ref(weights), x.ref, eps.ref));
  const { user, system } = process.cpuUsage(startCpu);
  const ms = performance.now() - start;
  tree.dispose(slopes);
  return { ms, cpu_ms: (user + system) / 1e3 };
}

console.log(JSON.stringify({ name: "jax-js 0.1.25", ways: { conv: Object.keys(ways) } }));
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  for (const line of text.trim().split("\n")) {
    console.log(JSON.stringify(await gradient(line.split(" ")[1] as keyof typeof ways)));
  }
}
