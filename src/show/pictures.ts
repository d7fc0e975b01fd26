/**
 * Turns tensors into pictures, which hold only numbers.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Tensor, Tensor2D } from "../tensor.ts";
import { shapeText } from "../wording.ts";
import { extent } from "./axis.ts";
import type { Axis, ImageGrid, Picture } from "./events.ts";
import { sizeOf } from "./sheet.ts";

/** The layout of images. */
export type ImageLayout = Partial<Pick<ImageGrid, "columns" | "rows" | "x" | "y">>;

/** The axes and the class names of points. */
export type ScatterLayout = { x?: Axis; y?: Axis; classes?: string[] };

/**
 * Makes a picture of images. *
 * @param images Pixels in [0, 1], `[N, H, W, 1]` in grey or `[N, H, W, 3]` in colour. Values outside [0, 1] are
 * clipped.
 * @throws {RangeError} If they have another shape.
 * @throws {InputError} If a pixel is NaN.
 */
export async function imagePicture(
  name: string,
  caption: string,
  images: Tensor,
  layout: ImageLayout,
): Promise<Picture> {
  const [count = 0, height = 0, width = 0, channels] = images.shape;
  if (images.rank !== 4 || (channels !== 1 && channels !== 3)) {
    throw new RangeError(`Images must have shape [N,H,W,1] or [N,H,W,3], not ${shapeText(images.shape)}.`);
  }
  const values = await images.data();
  const odd = values.findIndex((value) => Number.isNaN(value));
  if (odd >= 0) {
    const image = Math.floor(odd / sizeOf({ height, width, channels }));
    throw new InputError(
      `The picture "${name}" cannot be drawn: pixels must be numbers in [0, 1], but image ${image} has a NaN.`,
    );
  }
  const pixels = Uint8Array.from(values, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return { kind: "images", name, caption, pixels, channels, height, width, columns: count, ...layout };
}

/**
 * Makes a picture of points. *
 * @param points The points, `[N, 2]`.
 * @param labels The class of each point, `[N]`.
 */
export async function scatterPicture(
  name: string,
  caption: string,
  points: Tensor2D,
  labels: Uint8Array,
  layout: ScatterLayout,
): Promise<Picture> {
  const count = Math.max(0, extent(labels)[1]) + 1;
  const classes = Array.from({ length: count }, (_, c) => `${c}`);
  const axes = { x: { label: "z[0]" }, y: { label: "z[1]" } };
  const values = await points.data() as Float32Array;
  return { kind: "scatter", name, caption, points: values, labels, classes, ...axes, ...layout };
}
