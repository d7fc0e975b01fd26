/** `values.map(change)` that keeps the length of a tuple in its type, which TypeScript's `map` loses. */
export function mapTuple<const Values extends readonly unknown[], Result>(
  values: Values,
  change: (value: Values[number], index: number) => Result,
): { -readonly [Index in keyof Values]: Result } {
  return values.map(change) as { -readonly [Index in keyof Values]: Result };
}
