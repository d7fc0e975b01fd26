/**
 * The interface of a lesson. *
 * @module
 */
import type { Show } from "../show/show.ts";
import type { TrainOptions } from "../training/train.ts";

/** The options that every lesson has, besides its own numbers. */
export interface CommonOptions {
  /** The data to learn from: `digits` (embedded), `mnist` (fetched), or a directory or file of images. */
  data: string;
  /** The seed of everything random. */
  seed: number;
  /** The directory in which to save the trained model, for a lesson that saves one. */
  save?: string;
  /** The directory from which to load a trained model. */
  load?: string;
  /** Options of {@linkcode train}: the number of workers, and the checkpoints. */
  training?: Pick<TrainOptions, "workers" | "checkpoint">;
}

/** A lesson: its question, its numbers, and its program. */
export interface Lesson<Numbers extends Record<string, number>> {
  /** The name of its file, such as `04_kl`. */
  name: string;
  /** Its title. */
  question: string;
  /** The lesson's own flags with their defaults. A flag whose default is a whole number takes only whole numbers. */
  defaults: Numbers;
  /** The lesson's source, for the page that `--out` writes. */
  text: string;
  /** Whether the lesson learns from data and so takes `--data`; true by default. */
  usesData?: boolean;
  /**
   * Whether the lesson trains a model worth saving and so takes `--save`, `--load`, `--workers`, `--checkpoint` and
   * `--resume`; false by default.
   */
  keepsModel?: boolean;
  /** Defaults that differ on data other than the embedded digits. */
  otherData?: Partial<Numbers>;
  /** Runs the lesson. */
  lesson(options: Numbers & CommonOptions, show: Show): Promise<void>;
}
