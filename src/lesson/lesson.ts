/**
 * What a lesson is.
 *
 * @module
 */
import type { Show } from "../show/show.ts";
import type { TrainOptions } from "../training/train.ts";

/** The options every lesson has, besides its own numbers. */
export interface CommonOptions {
  /** What to learn from: `digits` (embedded), `mnist` (fetched), or a directory or file of images. */
  data: string;
  /** The seed of everything random. */
  seed: number;
  /** Where to save the trained model, for a lesson that has one to save. */
  save?: string;
  /** Where to load a model that is already trained. */
  load?: string;
  /** How many cores train it, and where its checkpoints are kept: options of `train`. */
  training?: Pick<TrainOptions, "workers" | "checkpoint">;
}

/** A lesson: what it asks, the numbers it can be run with, and what it does. */
export interface Lesson<Numbers extends Record<string, number>> {
  /** The file's name, such as `04_kl`. */
  name: string;
  /** Its title. */
  question: string;
  /** The lesson's own flags with their defaults; a flag whose default is a whole number takes whole numbers. */
  defaults: Numbers;
  /** The lesson's own source, for the page that `--out` writes. */
  text: string;
  /** Whether the lesson learns from data, and so takes `--data`; true by default. */
  usesData?: boolean;
  /**
   * Whether the lesson trains a model worth keeping, and so takes `--save`, `--load`, `--workers`, `--checkpoint` and
   * `--resume`; false by default.
   */
  keepsModel?: boolean;
  /** Defaults that differ on data other than the embedded digits. */
  otherData?: Partial<Numbers>;
  /** The lesson itself. */
  lesson(options: Numbers & CommonOptions, show: Show): Promise<void>;
}
