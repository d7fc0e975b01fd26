/**
 * Colours that stay apart for colour-blind eyes, on a light and on a dark ground.
 *
 * @module
 */

/**
 * Ten colours, one per class, as red, green, blue from 0 to 255. The neighbours of Paul Tol's and of Okabe and Ito's colours
 * that lie farthest apart for the eyes that see them nearest: 0.10 in OKLab, normal, without red, green or blue cones. What is
 * often confused (4 and 9, 3 and 5 and 8) and what comes first lies farther apart.
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
