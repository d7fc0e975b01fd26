/**
 * What the kernels throw on a machine that cannot run them.
 *
 * @module
 */

/** The environment lacks something that is needed, such as an instruction, a GPU, a network or a permission. */
export class EnvironmentError extends Error {
  /** The class's name. */
  override name = "EnvironmentError";
}
