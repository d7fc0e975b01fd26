/**
 * The two kinds of error that are not bugs in a program. Everything else that the library throws is a `TypeError` for
 * the wrong kind of value or a `RangeError` for a wrong value, as in the language itself.
 *
 * @module
 */

/** The given data or options cannot be used. The message says what was given and what is expected. Exit code 2. */
export class InputError extends Error {
  /** The class's name. */
  override name = "InputError";
}

/** The environment lacks something that is needed, such as a GPU, a network or a permission. Exit code 1. */
export class EnvironmentError extends Error {
  /** The class's name. */
  override name = "EnvironmentError";
}
