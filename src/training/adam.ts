/**
 * Adam (Kingma and Ba 2014): every parameter takes steps of its own size, from running means of its slope and of its
 * slope's square.
 *
 * ```math
 * m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
 * x \leftarrow x - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}
 * ```
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ADAM_STEP, type AdamStep } from "../kernels/adam.ts";
import type { Tensor, Variable } from "../tensor.ts";

/** Some variables that move together, and the running means of their slopes and of their slopes' squares. */
type Group = { xs: Variable[]; m: Variable; v: Variable };

/**
 * An optimiser with the numbers of `tf.train.adam`: in one pass over each variable where the backend has a kernel for it; else
 * all variables as one vector, because on a GPU every operation has a price of its own, however few numbers it is about.
 */
export class Adam {
  /** β₁ᵗ and β₂ᵗ, multiplied up in float32 as in tfjs: a power taken anew would differ in its last bits. */
  powers: [number, number] = [1, 1];
  readonly #rate: number;
  readonly #groups: Group[];

  /** Starts with the variables to move and a step size; the moments are zero. */
  constructor(variables: Variable[], rate: number) {
    this.#rate = rate;
    const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
    const together = hasKernel() ? variables.map((x) => [x]) : [variables];
    this.#groups = together.map((xs) => {
      const size = xs.reduce((total, { size }) => total + size, 0);
      return { xs, m: zeros([size]), v: zeros([size]) };
    });
  }

  /** All that a step reads and changes, but for {@linkcode powers}: variables and their moments. */
  get state(): Variable[] {
    return this.#groups.flatMap(({ xs, m, v }) => [...xs, m, v]);
  }

  /**
   * Takes a step along `slopes`, a slope for each variable, by its name.
   *
   * @returns A scalar: 0 if every variable is a finite number everywhere after the step, else NaN. (A slope that is not
   * finite makes a variable that is not.)
   */
  step(slopes: Record<string, Tensor>): tf.Scalar {
    const [beta1, beta2] = [0.9, 0.999];
    this.powers = [Math.fround(this.powers[0] * beta1), Math.fround(this.powers[1] * beta2)];
    const [correction1, correction2] = this.powers.map((power) => Math.fround(1 - power));
    const how = { rate: this.#rate, beta1, beta2, correction1, correction2, epsilon: tf.backend().epsilon() };
    return tf.tidy(() => {
      const finite = this.#groups.map((group) =>
        hasKernel() && group.xs.length === 1 ? moveOne(group, slopes, how) : moveAll(group, slopes, how)
      );
      return tf.stack(finite).sum() as tf.Scalar; // not addN: on webgpu that takes ten at most, and says nothing
    });
  }

  /** Frees the moments. */
  [Symbol.dispose](): void {
    for (const { m, v } of this.#groups) tf.dispose([m, v]);
  }
}

function hasKernel(): boolean {
  return tf.getKernel(ADAM_STEP, tf.getBackend()) !== undefined;
}

/** Moves a variable by the kernel; returns 0 if it is finite everywhere. */
function moveOne({ xs: [x], m, v }: Group, slopes: Record<string, Tensor>, how: AdamStep): Tensor {
  const attributes = how as unknown as tf.NamedAttrMap;
  const moved = tf.engine().runKernel(ADAM_STEP, { x, m, v, g: slopes[x.name] }, attributes);
  const [to, finite] = moved as unknown as Tensor[];
  x.assign(to);
  return finite;
}

/** Moves variables by the operations of tfjs; returns 0 if they are finite everywhere. */
function moveAll({ xs, m, v }: Group, slopes: Record<string, Tensor>, how: AdamStep): Tensor {
  const { rate, beta1, beta2, correction1, correction2, epsilon } = how;
  const [x, g] = [xs, xs.map(({ name }) => slopes[name])].map((parts) => tf.concat(parts.map((t) => t.flatten())));
  m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
  v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
  const to = x.add(m.div(correction1).div(v.div(correction2).sqrt().add(epsilon)).mul(-rate));
  tf.split(to, xs.map(({ size }) => size)).forEach((part, i) => xs[i].assign(part.reshape(xs[i].shape)));
  return to.mul(0).sum(); // 0 times what is not finite is NaN
}
