/**
 * Colours that colour-blind readers can tell apart, on a light and on a dark background.
 *
 * @module
 */

/**
 * Ten colours, one per class, as red, green and blue from 0 to 255. They lie near colours of Paul Tol and of Okabe and
 * Ito, and were chosen to maximise the smallest distance between two of them, for normal vision and for vision without
 * red, green or blue cones: 0.10 in OKLab. The first colours, and those of digits that are often confused (4 and 9; 3,
 * 5 and 8), are farther apart.
 */
export const CLASS_COLOURS: [number, number, number][] = [
  [4, 106, 201],
  [236, 145, 4],
  [219, 71, 130],
  [165, 49, 64],
  [141, 125, 6],
  [89, 156, 227],
  [163, 190, 144],
  [118, 50, 129],
  [234, 203, 0],
  [72, 219, 247],
];
