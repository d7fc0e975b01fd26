/**
 * How people write the ten digits: for each, a few styles, and for each style the pen's strokes.
 *
 * A stroke is written as the points that the pen passes, `x,y` from left to right and from top to bottom in a box of
 * 100 × 100. The curve through them is smooth, except at a point marked `!`, where the pen turns a corner.
 *
 * @module
 */

/** A place on the paper. */
export interface Point {
  /** From left to right. */
  x: number;
  /** From top to bottom. */
  y: number;
}

/** A point that the pen passes, in hundredths of the box that a digit fills. */
export interface Knot extends Point {
  /** Whether the pen turns sharply here. */
  corner: boolean;
}

/** One way to write a digit. */
export interface Style {
  /** What tells this style from the others of its digit. */
  name: string;
  /** How common it is, beside the other styles of its digit. */
  weight: number;
  /** The strokes in the order of writing; the pen is lifted between them. */
  strokes: Knot[][];
}

function style(name: string, weight: number, ...strokes: string[]): Style {
  const knot = (text: string): Knot => {
    const [x, y] = text.replace("!", "").split(",").map(Number);
    return { x, y, corner: text.endsWith("!") };
  };
  return { name, weight, strokes: strokes.map((stroke) => stroke.split(" ").map(knot)) };
}

/** The styles of each digit: `STYLES[7][1]` is the second way to write a seven. */
export const STYLES: Style[][] = [
  [
    style("oval", 4, "55,2 25,15 12,50 25,88 52,98 78,85 90,48 75,12 52,2"),
    style("overlapping ends", 3, "62,8 40,3 16,30 16,68 42,98 70,90 86,60 80,25 58,3 36,10"),
    style("narrow", 1, "50,0 32,25 30,65 50,100 68,70 68,28 48,2"),
    style("open at the top", 2, "40,12 18,40 20,80 50,98 80,75 82,30 62,6 48,2"),
    style("curl at the top", 2, "70,2 45,4 18,35 18,75 48,98 80,75 82,30 60,8 42,12 55,22 80,14"),
  ],
  [
    style("plain", 6, "50,0 50,50 50,100"),
    style("flag", 1, "34,22 52,2! 52,50 52,100"),
    style("flag and base", 1, "28,22 52,2! 52,98", "22,98 82,98"),
    style("bent", 2, "56,0 48,35 48,70 50,100"),
  ],
  [
    style("pointed", 2, "20,22 45,4 72,18 65,48 18,95! 50,92 86,92"),
    style("waved base", 2, "20,25 40,4 72,12 70,42 42,75 18,96! 45,88 65,94 88,90"),
    style("looped", 4, "15,28 40,3 68,16 62,48 30,84 12,92 8,80 24,74 50,88 92,90"),
    style("wide loop", 3, "22,20 46,2 66,16 58,50 26,86 6,88 8,72 34,72 60,88 98,84"),
    style("small head", 2, "30,18 50,2 66,16 55,50 10,90! 40,88 95,92"),
    style("rising base", 2, "15,32 38,4 62,14 52,50 15,90! 50,94 95,76"),
    style("hooked", 2, "34,30 20,24 38,3 66,14 58,50 16,92! 55,90 88,94"),
    style("zigzag", 1, "18,12 50,5 78,10! 18,92! 88,90"),
    style("flourish", 3, "14,30 22,8 55,0 84,18 76,48 46,78 20,92 8,84 22,70 58,82 96,96"),
    style("long base", 3, "24,24 46,2 62,14 46,44 14,86 4,84 10,66 40,70 70,84 110,70"),
    style("flat", 2, "16,26 48,4 68,18 50,50 12,86 4,76 26,68 60,80 106,66"),
    style("round head", 4, "28,34 18,18 42,2 74,14 74,44 50,78 24,92 14,80 30,70 60,86 92,92"),
    style("upright", 2, "38,12 58,2 70,20 66,60 52,90 28,96 20,84 38,76 62,84 88,95"),
  ],
  [
    style("round", 3, "22,12 48,2 72,15 62,40 40,48! 68,52 78,75 55,98 20,90"),
    style("flat top", 1, "20,5 75,5! 45,42! 72,52 78,78 52,98 18,90"),
    style("hooked ends", 4, "14,22 22,8 50,0 74,16 64,38 40,46! 70,54 78,76 52,98 22,98 8,84"),
    style("looped waist", 2, "22,15 48,2 70,18 58,42 40,50 36,44 48,42 74,58 74,84 48,98 18,88"),
    style("flowing", 2, "24,10 55,2 70,20 52,44 60,52 78,72 55,97 20,95"),
    style("long tail", 2, "25,10 55,0 72,18 45,42! 66,50 66,75 40,96 5,92"),
    style("wide", 2, "12,14 48,0 80,14 48,42! 78,54 74,86 35,100 8,84"),
    style("shallow waist", 2, "25,14 55,3 72,22 54,46! 70,60 68,86 40,99 14,86"),
    style("short foot", 1, "22,12 56,2 74,18 48,42! 66,54 60,80 42,100"),
    style("long arms", 1, "8,10 60,4 66,22 40,40! 80,50 82,78 50,96 6,94"),
  ],
  [
    style("open, round", 4, "25,5 20,45 28,55 75,50", "74,5 68,50 65,100"),
    style("open, angular", 4, "22,8 18,52! 82,48", "75,5 70,100"),
    style("closed", 0.5, "85,62 12,62! 62,2! 62,100"),
    style("cup", 1, "25,5 22,35 35,52 60,48 74,30", "78,2 74,45 70,100"),
    style("one stroke", 2, "28,5 18,48 45,55 70,40 78,5! 72,50 66,100"),
    style("crossed low", 2, "40,5 10,60! 90,58", "66,30 60,100"),
  ],
  [
    style("one stroke", 3, "78,4 30,4! 26,45! 50,38 76,52 76,82 48,98 18,90"),
    style("separate hat", 3, "32,5 28,42 55,38 78,62 65,92 35,98 15,88", "32,6 80,2"),
    style("like an S", 1, "80,5 45,5 28,22 35,42 62,52 75,72 58,96 18,92"),
    style("long hat", 2, "35,8 25,45 48,42 60,62 45,92 10,90", "35,10 95,0"),
    style("slim", 2, "85,2 45,6! 34,42 58,50 64,74 40,97 12,88"),
    style("rolled", 1, "78,4 34,6! 28,46! 54,36 78,58 68,92 36,98 20,84 34,76"),
    style("large bowl", 1, "80,4 36,4! 26,36! 60,34 84,58 70,92 34,98 12,80"),
    style("leaning neck", 2, "88,2 48,10! 18,48! 48,40 68,62 52,92 8,94"),
  ],
  [
    style("round", 3, "68,2 38,25 20,65 32,95 60,98 75,75 58,55 35,62 22,80"),
    style("straight stem", 3, "60,0 30,45 22,80 45,100 68,85 62,62 40,60 24,78"),
    style("large loop", 2, "62,2 30,20 15,60 30,95 65,96 82,68 60,45 30,58 20,72"),
    style("small loop", 2, "45,0 25,40 20,80 40,98 70,95 72,75 52,68 34,82 30,95"),
    style("like a b", 2, "45,0 25,50 25,92 55,100 82,80 66,58 30,76"),
    style("wide loop", 2, "50,0 25,40 15,80 45,100 85,88 88,66 62,60 30,84"),
    style("hooked", 1, "78,15 60,2 35,22 20,62 32,95 60,96 72,74 55,58 25,74"),
  ],
  [
    style("plain", 3, "18,10 78,8! 60,45 42,100"),
    style("serif", 2, "15,32 22,10! 50,12 82,6! 60,50 48,100"),
    style("bar", 2, "18,10 78,8! 60,45 42,100", "30,52 78,50"),
    style("bar and wave", 1, "12,22 25,8 55,12 80,8! 58,45 45,100", "26,54 82,46"),
    style("waved top", 3, "15,20 30,8 60,12 80,6! 62,40 50,100"),
    style("arch", 2, "15,28 25,10 55,4 74,16 70,50 45,100"),
    style("round corner", 2, "20,15 50,5 75,12 70,45 55,100"),
    style("narrow", 2, "30,16 40,8 72,8! 60,50 52,100"),
    style("deep wave", 1, "12,34 18,12 50,16 84,4! 55,50 40,100"),
    style("bow", 1, "16,20 60,2 84,14 78,44 40,98"),
  ],
  [
    style("like an S", 4, "72,15 50,2 28,18 40,42 65,58 76,80 50,99 25,82 35,58 62,42 74,20 68,10"),
    style("two circles", 1, "50,48 28,25 50,2 72,25 50,48", "50,48 24,72 50,98 76,72 50,48"),
    style("open at the top", 3, "82,8 52,0 28,20 45,44 66,66 56,96 32,94 30,72 52,48 84,10"),
    style("large head", 2, "76,20 50,2 20,20 40,44 62,62 62,88 45,99 32,86 42,62 70,38 80,14"),
    style("small head", 2, "66,14 50,2 36,16 44,38 72,62 76,86 48,99 20,86 26,62 56,40 68,18"),
    style("flat hat", 2, "94,4 50,4 24,18 42,42 66,66 58,96 34,94 32,72 54,46 84,14"),
    style("mirrored", 1, "30,20 50,2 70,18 50,46 24,72 34,96 62,96 70,74 46,46 28,22"),
    style("from the waist", 1, "50,45 30,20 55,2 70,20 45,50 25,80 50,99 72,80 52,48"),
    style("open at the bottom", 1, "28,98 40,70 64,38 70,16 50,2 30,16 38,40 66,70 76,96"),
    style("narrow foot", 2, "78,12 50,0 22,18 32,42 54,54 62,80 52,99 40,82 50,56 74,36 78,14"),
  ],
  [
    style("straight tail", 2, "72,18 50,3 25,22 35,46 58,42 74,15! 70,50 66,100"),
    style("curved tail", 2, "70,28 42,46 26,28 46,3 70,14 74,55 56,94 25,92"),
    style("one curve", 4, "66,20 50,2 26,24 36,48 60,36 68,14 66,50 58,100"),
    style("round head", 4, "68,30 40,48 24,30 44,4 68,10 70,40 62,100"),
    style("leaning tail", 2, "78,8 52,4 26,28 36,46 60,34 80,4! 60,50 35,100"),
    style("small head", 2, "72,8 48,10 36,28 46,40 66,24 74,5! 64,50 56,100"),
    style("open at the top", 2, "58,5 30,12 22,40 45,52 70,40 78,8! 72,50 64,100"),
    style("upright", 3, "74,8 42,2 16,25 30,50 58,44 74,12! 76,60 78,100"),
    style("kicked out", 2, "80,12 50,2 20,28 34,52 60,44 76,14! 80,60 90,98"),
    style("curled tail", 1, "70,28 42,46 26,28 46,3 70,14 74,62 58,97 30,92 22,78"),
    style("large head", 1, "70,8 36,2 10,30 26,58 60,52 80,18! 78,60 74,100"),
  ],
];
