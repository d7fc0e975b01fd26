/**
 * The two kinds of error that are not bugs in a program. Everything else that the library throws is a `TypeError` for
 * the wrong kind of value or a `RangeError` for a wrong value, as in the language itself. A lesson that ends with an
 * `InputError` has exit code 2, one that ends with an `EnvironmentError` exit code 1.
 *
 * @module
 */
export { EnvironmentError } from "./kernels/environment_error.ts";

/** The given data or options cannot be used. The message says what was given and what is expected. */
export class InputError extends Error {
  /** The class's name. */
  override name = "InputError";
}
