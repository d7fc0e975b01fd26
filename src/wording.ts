/**
 * How numbers, shapes and foreign text read in a sentence. Every message, table and plot writes them the same way.
 *
 * @module
 */

/** A shape as messages write it: `[128,28,28,1]`, with `null` (any size) as `B`. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "B").join(",")}]`;
}

const FIVE_DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 }); // made once: it takes a millisecond

/** A number in as many digits as a reader wants: five significant ones, and no noise behind them. */
export function figureText(value: number | string): string {
  if (typeof value === "string" || Number.isSafeInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? FIVE_DIGITS.format(value) : Number(value.toPrecision(3)).toExponential();
}

/** A number in three significant digits, for what a picture cannot show more exactly. */
export function roundText(value: number): string {
  return figureText(Number(value.toPrecision(3)));
}

/** A number as the label of a tick: three significant digits, or a power of ten where that is shorter. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  const power = Math.round(Math.log10(size));
  const extreme = size !== 0 && (size < 1e-3 || size >= 1e6);
  if (extreme && Math.abs(size / 10 ** power - 1) < 1e-9) return `${value < 0 ? "\u2212" : ""}10${superscript(power)}`;
  const text = extreme ? value.toExponential(1) : Number(value.toPrecision(3)).toLocaleString("en");
  return text.replace("-", "\u2212");
}

function superscript(power: number): string {
  return [...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] ?? "⁻").join("");
}

/** A duration: `42 s`, `3:07`, `1:02 h`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => `${value % 60}`.padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole)}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60))} h`;
}

/** A part of a loss as text names it: `KL` for `kl`, all others as they are called. */
export function partText(name: string): string {
  return name === "kl" ? "KL" : name;
}

/** Text from a file or a server without the control characters that a terminal would obey. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\ufffd");
}
