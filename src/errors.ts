/**
 * The two mistakes that are not bugs. Everything else the library throws is a `TypeError` (the wrong kind of value) or a
 * `RangeError` (the wrong value), as in the language itself.
 *
 * @module
 */

/** The data or the options given cannot be used; the message says what was given and what is wanted. Exit code 2. */
export class InputError extends Error {
  /** The class's name. */
  override name = "InputError";
}

/** The machine lacks what was asked for: a GPU, a network, a permission. Exit code 1. */
export class EnvironmentError extends Error {
  /** The class's name. */
  override name = "EnvironmentError";
}
