/** `values.map(change)`, of as many results as there are values: TypeScript's `map` forgets how many these were. */
export function mapTuple<const Values extends readonly unknown[], Result>(
  values: Values,
  change: (value: Values[number], index: number) => Result,
): { -readonly [Index in keyof Values]: Result } {
  return values.map(change) as { -readonly [Index in keyof Values]: Result };
}
