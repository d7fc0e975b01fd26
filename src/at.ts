/**
 * Returns the element at an index that must exist. A wrong index is a bug: it throws here instead of spreading
 * `undefined` or NaN. Loops over pixels index their arrays directly, and a comment says why that is safe.
 *
 * @throws {RangeError} If there is no such element.
 */
export function at<T>(values: ArrayLike<T>, index: number): T {
  const value = values[index];
  if (value === undefined) {
    throw new RangeError(`There is no element at index ${index}: the array has ${values.length}.`);
  }
  return value;
}
