/**
 * The element at an index that must be there: a wrong index is a bug, and throws where it is made instead of spreading
 * `undefined` or NaN. (Loops over pixels index themselves, and say why they may.)
 *
 * @throws {RangeError} If there is no such element.
 */
export function at<T>(values: ArrayLike<T>, index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`There is no element ${index} among ${values.length}.`);
  return value;
}
