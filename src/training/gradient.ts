import * as tf from "@tensorflow/tfjs";
import type { Knobs, Objective } from "../objectives/objective.ts";
import type { Random } from "../random.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { type Means, meansOf } from "./batch_report.ts";

/** The means of a batch, and the gradient of the mean loss for each variable, by its name. */
export type Gradient = Means & { slopes: Record<string, Tensor> };

/** The arguments of an objective's `terms`. */
export interface Question {
  /** The examples. */
  batch: Batch;
  /** The source of the objective's noise. */
  noise: Random;
  /** The knobs at this step. */
  knobs: Knobs;
}

/** The means of a batch, or its contribution to them if it is part of a batch of `whole` examples. */
export function means(objective: Objective, { batch, noise, knobs }: Question, whole?: number): Means {
  return tf.tidy(() => meansOf(objective.terms(batch, noise, knobs), whole ?? batch.x.shape[0] ?? 0));
}

/**
 * The gradient of a batch's mean loss. This is the only place in the project where the losses of examples are averaged
 * before they are minimised.
 *
 * @param whole The size of the whole batch, if the question has only a part of it. The gradients and the means of the
 * parts then add up to those of the whole batch.
 */
export function gradient(objective: Objective, question: Question, whole?: number): Gradient {
  return tf.tidy(() => {
    let found: Means | undefined;
    const meanLoss = () => {
      found = means(objective, question, whole);
      tf.keep(found.means);
      Object.values(found.sums).forEach((t) => tf.keep(t));
      return found.means.slice(0, 1).asScalar();
    };
    try {
      const { grads } = tf.variableGrads(meanLoss, objective.variables);
      const slopes = objective.variables.map((x) => [x.name, grads[x.name] ?? tf.zerosLike(x)]);
      return { ...found!, slopes: Object.fromEntries(slopes) }; // set by meanLoss
    } catch (error) {
      tf.dispose([found ?? [], keptForSlopes()]);
      throw error;
    }
  });
}

/** Tensors that tfjs kept for gradients that it failed to compute, and would never free. */
function keptForSlopes(): Tensor[] {
  const { gradientDepth, activeTape } = tf.engine().state;
  return gradientDepth === 0 ? (activeTape ?? []).flatMap(({ saved }) => saved ?? []) : [];
}
