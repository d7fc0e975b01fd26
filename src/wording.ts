/**
 * How messages, tables and plots write numbers, shapes, and text from elsewhere.
 *
 * @module
 */

/** A shape as messages write it, such as `[128,28,28,1]`; `null`, which stands for any size, becomes `B`. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map((size) => size ?? "B").join(",")}]`;
}

// Created once, because that takes a millisecond.
const FIVE_DIGITS = new Intl.NumberFormat("en", { maximumSignificantDigits: 5 });

/** A number with five significant digits. */
export function figureText(value: number | string): string {
  if (typeof value === "string" || Number.isSafeInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? FIVE_DIGITS.format(value) : Number(value.toPrecision(3)).toExponential();
}

/** A number with three significant digits, for figures that a picture cannot show more precisely. */
export function roundText(value: number): string {
  return figureText(Number(value.toPrecision(3)));
}

/** A number as the label of a tick: three significant digits, or a power of ten if that is shorter. */
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

/** A duration, such as `42 s`, `3:07` or `1:02 h`. */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  const two = (value: number) => `${value % 60}`.padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole)}`;
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60))} h`;
}

/** The name of a part of a loss in text: `KL` for `kl`, all others unchanged. */
export function partText(name: string): string {
  return name === "kl" ? "KL" : name;
}

/** Text from a file or a server, with the control characters that a terminal would obey replaced by U+FFFD. */
export function printable(text: string): string {
  return text.replace(/\p{C}/gu, "\ufffd");
}
