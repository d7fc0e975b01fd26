/**
 * Variational autoencoders, step by step: the library behind the lessons.
 *
 * It provides distributions, models, objectives and a training loop on TensorFlow.js, with a choice of backends. This
 * trains a VAE on the digits that ship with the library:
 *
 * ```ts
 * import { denseVae, loadDigits, negativeElbo, take, train, useBackend } from "@vae/steps";
 *
 * await useBackend("wasm"); // or "webgpu", "cpu", "auto"
 * const digits = await loadDigits(); // 10,000 + 2,000 images, no download
 * const vae = denseVae({ latent: 20 });
 * const held = take(digits.test, 200);
 * for await (const { step, loss, epochEnds, history } of train(negativeElbo(vae), take(digits.train, 512), { heldOut: held })) {
 *   console.log(step, loss, epochEnds ? history.test.at(-1) : ""); // nats per image
 * }
 * vae.dispose();
 * ```
 *
 * @module
 */

// Backends and errors.
export { type Backend, type BackendName, BACKENDS, useBackend } from "./src/backend.ts";
export type { Build } from "./src/kernels/mod.ts";
export { EnvironmentError, InputError } from "./src/errors.ts";

// Tensors and random numbers.
export type { Batch, LayersModel, Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D, Variable } from "./src/tensor.ts";
export { numbers, range, ruler, sumPerExample } from "./src/tensor.ts";
export type { Json } from "./src/json.ts";
export { type Random, random, type RandomState } from "./src/random.ts";

// Distributions.
export {
  type Gaussian,
  kl,
  klPerDimension,
  klToStandardNormal,
  logGaussian,
  reparameterize,
} from "./src/distributions/gaussian.ts";
export { logBernoulli } from "./src/distributions/bernoulli.ts";
export { bernoulli, gaussian, type GaussianOptions, type Likelihood } from "./src/distributions/likelihood.ts";
export { type Coder, type Prior, standardNormal } from "./src/distributions/prior.ts";
export { squaredDistances } from "./src/distances.ts";
export { type PrincipalComponents, principalComponents } from "./src/pca.ts";

// Models.
export { type LayersVae, layersVae, type Vae, type VaeOptions } from "./src/models/vae.ts";
export { type Autoencoder, autoencoder, type AutoencoderOptions, layersAutoencoder } from "./src/models/autoencoder.ts";
export { denseVae, type DenseVaeOptions } from "./src/models/dense_vae.ts";
export { convVae, type ConvVaeOptions } from "./src/models/conv_vae.ts";
export type { Networks } from "./src/models/layers.ts";
export { oneHot } from "./src/models/one_hot.ts";
export { gridCodes } from "./src/models/grid_codes.ts";
export { exportNpz } from "./src/models/npz.ts";
export { loadVae } from "./src/models/saved/load_vae.ts";
export { saveVae, type SaveVaeOptions } from "./src/models/saved/save_vae.ts";
export type { SavedModel } from "./src/models/saved/saved_model.ts";

// Objectives, training and evaluation.
export { type Elbo, elbo } from "./src/objectives/elbo.ts";
export type { Knobs, Objective, Terms } from "./src/objectives/objective.ts";
export type { ModuleRecipe, NamedRecipe, Recipe } from "./src/objectives/recipe.ts";
export { type ElboPart, negativeElbo, type NegativeElboOptions } from "./src/objectives/negative_elbo.ts";
export { importanceWeighted, type ImportanceWeightedPart } from "./src/objectives/importance_weighted.ts";
export { squaredError } from "./src/objectives/squared_error.ts";
export { meanImageLoss } from "./src/objectives/mean_image_loss.ts";
export { type Classifier, type Reading, trainClassifier } from "./src/training/classifier.ts";
export { evaluate, type EvaluateOptions } from "./src/training/evaluate.ts";
export { type LogEvidence, logEvidence, type LogEvidenceOptions } from "./src/training/log_evidence.ts";
export type { Losses } from "./src/training/losses.ts";
export { constant, cosine, linear, type Schedule, warmUp } from "./src/schedules.ts";
export type { Optimizer, OptimizerFactory } from "./src/training/optimizers/optimizer.ts";
export { adam, type AdamOptions } from "./src/training/optimizers/adam.ts";
export { rmsprop, type RmspropOptions } from "./src/training/optimizers/rmsprop.ts";
export { sgd, type SgdOptions } from "./src/training/optimizers/sgd.ts";
export { type TfOptimizer, tfOptimizer } from "./src/training/optimizers/tf_optimizer.ts";
export { keepBest, type KeepBestOptions, type Weights } from "./src/training/keep_best.ts";
export {
  type CheckpointOptions,
  type History,
  type Progress,
  type Step,
  train,
  type TrainOptions,
} from "./src/training/train.ts";

// Data.
export { loadDigits } from "./src/data/digits.ts";
export { type ImageNeeds, loadImages } from "./src/data/load_images.ts";
export type { OnProgress } from "./src/data/download.ts";
export { loadMnist, type MnistOptions } from "./src/data/mnist.ts";
export { type Idx, parseIdx, unpack } from "./src/data/idx.ts";
export { type Examples, type Rows, rows } from "./src/data/examples.ts";
export { type DataTable, loadTable, tableOf, type TableOptions, type TableParts } from "./src/data/table.ts";
export { standardise, type Standardised, type StandardiseOptions } from "./src/data/standardise.ts";
export { type Dataset, type ImageSet, imageSet, type LabelledImages, select, take } from "./src/data/images.ts";

// Lessons, and how they show their results.
export type { CommonOptions, Lesson } from "./src/lesson/lesson.ts";
export { runLesson } from "./src/lesson/run_lesson.ts";
export { type TrainingFlags, trainOrLoad } from "./src/lesson/train_or_load.ts";
export {
  type Claim,
  ClaimError,
  type Closeness,
  type Comparison,
  type ImageLayout,
  type Show,
  showOn,
} from "./src/show/show.ts";
export {
  type Axis,
  type Bars,
  type Drawing,
  type HeatMap,
  type ImageGrid,
  type LessonEvent,
  type Lines,
  type Measured,
  type Picture,
  recorder,
  type Scatter,
  type Series,
  type Surface,
  type Table,
} from "./src/show/events.ts";
export { type Colour, terminal, type TerminalOptions } from "./src/show/terminal/terminal.ts";
export { files } from "./src/show/files/files.ts";
export { type CellOutput, notebook } from "./src/show/notebook.ts";
export { type PngOptions, savePng } from "./src/show/save_png.ts";
export { saveSvg } from "./src/show/save_svg.ts";
export type { SaveOptions } from "./src/show/write_picture.ts";
