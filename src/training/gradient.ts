import * as tf from "@tensorflow/tfjs";
import type { Knobs, Objective } from "../objectives/objective.ts";
import type { Random } from "../random.ts";
import type { Batch, Tensor } from "../tensor.ts";
import { type Means, meansOf } from "./batch_report.ts";

/** The means of a batch, and a slope of the mean loss for each variable, by its name. */
export type Gradient = Means & { slopes: Record<string, Tensor> };

/** What an objective is asked. */
export interface Question {
  /** The examples. */
  batch: Batch;
  /** What the objective may draw from. */
  noise: Random;
  /** What it is told. */
  knobs: Knobs;
}

/** The means of a batch, or what `batch` adds to them if it is a part of one of `whole` examples. */
export function means(objective: Objective, { batch, noise, knobs }: Question, whole?: number): Means {
  return tf.tidy(() => meansOf(objective.terms(batch, noise, knobs), whole ?? batch.x.shape[0] ?? 0));
}

/**
 * The gradient of a batch's mean loss: the one place in the project where an example's loss is averaged before it is minimised.
 *
 * @param whole How many examples the batch has, if `batch` is a part of it: the gradients of the parts then add up to that of
 * the batch, and so do their means.
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
      return { ...found!, slopes: Object.fromEntries(slopes) }; // found by now
    } catch (error) {
      tf.dispose([found ?? [], keptForSlopes()]);
      throw error;
    }
  });
}

/** What tfjs has kept for slopes that it did not come to compute; it would keep that for ever. */
function keptForSlopes(): Tensor[] {
  const { gradientDepth, activeTape } = tf.engine().state;
  return gradientDepth === 0 ? (activeTape ?? []).flatMap(({ saved }) => saved ?? []) : [];
}
