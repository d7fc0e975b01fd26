/**
 * Resizing of images, and its gradients, for nearest-neighbour and bilinear interpolation.
 *
 * ```math
 * y_{ij} = \sum_{kl} a_{ik} \, b_{jl} \, x_{kl}, \qquad \frac{\partial y_{ij}}{\partial x_{kl}} = a_{ik} \, b_{jl}
 * ```
 *
 * Output row `i` lies somewhere among the input's rows. Nearest neighbour takes one of them, which is pooling with
 * windows of one pixel; its gradient is a sum over windows, each with the outputs that took the same pixel. Bilinear
 * takes the two nearest rows, weighted by how near they are. tfjs's own gradients are wrong with half-pixel centres,
 * and the one of nearest neighbour is also wrong for every image but the first. tfjs's nearest neighbour rounds places
 * to float32, so it takes the wrong pixel if a place is a whole number.
 *
 * @module
 */
import type { Heap } from "./assembled.ts";
import type { KernelArguments, Shape4, TensorInfo } from "./compose.ts";
import { mapTuple } from "./map_tuple.ts";
import { type Axis, described } from "./windows.ts";

/** How tfjs places an output's pixels among the input's: corners on corners, or middles where a pixel's middle is. */
interface Placement {
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

/** An axis along which nothing happens. */
const ALONE: Axis = { pixels: 1, windows: [{ first: 0, count: 1 }] };

/** tfjs's `ResizeNearestNeighbor`: `images` `[B, H, W, C]` of any type to `[B, H', W', C]` of float32. */
export function nearestNeighbor(heap: Heap, { inputs: { images }, attrs }: KernelArguments<"images">): TensorInfo {
  const [B, H, W, C] = images.shape as Shape4;
  const [P, Q] = attrs.size;
  const [rows, columns] = [nearest(H, P, attrs), nearest(W, Q, attrs)];
  const y = heap.output([B, P, Q, C]);
  const [from, to] = [heap.values(images), heap.values(y)];
  // Every place lies inside: `rows` and `columns` name one pixel of the image for each of the output.
  const sources = Int32Array.from({ length: Q * C }, (_, n) => columns[Math.floor(n / C)]! * C + n % C);
  for (let i = 0, at = 0; i < B * P; i++, at += Q * C) {
    if (rows[i % P] === rows[i % P - 1]) {
      to.copyWithin(at, at - Q * C, at);
    } else {
      const line = (Math.floor(i / P) * H + rows[i % P]!) * W * C;
      for (let n = 0; n < Q * C; n++) to[at + n] = from[line + sources[n]!]!;
    }
  }
  return y;
}

/**
 * tfjs's `ResizeNearestNeighborGrad`: `dy` `[B, H', W', C]` to the gradient with respect to `images` `[B, H, W, C]`.
 */
export function nearestGradient(
  heap: Heap,
  { inputs: { dy, images }, attrs }: KernelArguments<"dy" | "images">,
): TensorInfo {
  assertSlope("ResizeNearestNeighborGrad", dy, images);
  const [[, H, W], [, P, Q]] = [images.shape as Shape4, dy.shape as Shape4];
  const [rows, columns] = mapTuple([[H, P], [W, Q]], ([pixels, outputs]): Axis => {
    const sources = nearest(pixels, outputs, attrs);
    return { pixels: outputs, windows: runsOf(sources, pixels) };
  });
  const dx = heap.output(images.shape);
  heap.kernels.averagePool({
    x: heap.address(dy),
    y: heap.address(dx),
    ...described(heap, [ALONE, rows, columns], dy),
    ...{ least: 1, most: 1 }, // a sum, and not a mean
  });
  return dx;
}

/** Which of `pixels` each of so many outputs takes. */
function nearest(pixels: number, outputs: number, placement: Placement): number[] {
  const { scale, shift } = scaling(pixels, outputs, placement);
  const round = placement.alignCorners ? Math.round : Math.floor;
  return Array.from({ length: outputs }, (_, i) => Math.min(pixels - 1, round(scale * (i + shift))));
}

/** The places of each of the numbers 0, 1, … among `sources`, which ascend. */
function runsOf(sources: number[], length: number) {
  const runs = Array.from({ length }, () => ({ first: 0, count: 0 }));
  sources.forEach((source, i) => {
    const run = runs[source];
    if (run && run.count++ === 0) run.first = i;
  });
  return runs;
}

/** Outputs for each pixel from which on they are added in double precision: tfjs adds them one by one in float32. */
const MANY = 64;

/**
 * tfjs's `ResizeBilinearGrad`: `dy` `[B, H', W', C]` to the gradient with respect to `images` `[B, H, W, C]`. With
 * half-pixel centres, or many outputs; tfjs's own is right, and fast, for others.
 */
export function bilinearGradient(
  heap: Heap,
  { inputs: { dy, images }, attrs }: KernelArguments<"dy" | "images">,
): TensorInfo | undefined {
  assertSlope("ResizeBilinearGrad", dy, images);
  const [B, H, W, C] = images.shape as Shape4;
  const [, P, Q] = dy.shape as Shape4;
  if (!attrs.halfPixelCenters && P * Q <= MANY * H * W) return;
  const [rows, columns] = [between(H, P, attrs), between(W, Q, attrs)];
  const dx = heap.output(images.shape);
  const [from, to] = [heap.values(dy), heap.values(dx)];
  const sums = new Float64Array(H * W * C);
  let at = 0;
  for (let b = 0; b < B; b++) {
    sums.fill(0);
    for (const row of rows) {
      for (const column of columns) {
        const [top, bottom] = [row.low * W, row.high * W];
        const [topLeft, topRight] = [(top + column.low) * C, (top + column.high) * C];
        const [bottomLeft, bottomRight] = [(bottom + column.low) * C, (bottom + column.high) * C];
        // Every place lies inside: `rows` and `columns` name pixels of the image, and there is a slope for each output.
        for (let c = 0; c < C; c++) {
          const slope = from[at++]!;
          const [below, above] = [slope * row.part, slope * (1 - row.part)];
          sums[topLeft + c]! += above * (1 - column.part);
          sums[topRight + c]! += above * column.part;
          sums[bottomLeft + c]! += below * (1 - column.part);
          sums[bottomRight + c]! += below * column.part;
        }
      }
    }
    to.set(sums, b * sums.length);
  }
  return dx;
}

/** Between which two of `pixels` each output lies, and how much it has of the higher one. */
function between(pixels: number, outputs: number, placement: Placement) {
  const { scale, shift } = scaling(pixels, outputs, placement);
  return Array.from({ length: outputs }, (_, i) => {
    const place = scale * (i + shift) - shift;
    const low = Math.max(0, Math.floor(place));
    return { low, high: Math.min(pixels - 1, Math.ceil(place)), part: place - low };
  });
}

/** Pixels from one output to the next, and where in a pixel its place is. */
function scaling(pixels: number, outputs: number, { alignCorners, halfPixelCenters }: Placement) {
  const scale = alignCorners && outputs > 1 ? (pixels - 1) / (outputs - 1) : pixels / outputs;
  return { scale, shift: halfPixelCenters ? 0.5 : 0 };
}

/**
 * Checks that a gradient is one of resized images.
 *
 * @throws {RangeError} If it has another batch or other channels.
 */
function assertSlope(kernel: string, { shape }: TensorInfo, images: TensorInfo): void {
  const [B, , , C] = images.shape;
  if (shape.length === 4 && shape[0] === B && shape[3] === C) return;
  throw new RangeError(
    `${kernel} takes a dy of shape [${B},H',W',${C}] for images [${images.shape}], and not [${shape}].`,
  );
}
