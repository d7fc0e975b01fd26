/**
 * Convolutions of images in either layout: channels last, `NHWC`, which the kernels here expect, or channels first,
 * `NCHW`.
 *
 * Images with channels first are transposed to channels last, and the result is transposed back.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { composedKernel, type Composer, type KernelArguments, type TensorInfo, wasmKernel } from "./compose.ts";

/** The inputs of convolutions that are images. */
const IMAGES = ["x", "dy"];

/**
 * Extends a convolution with channels last to both layouts and to numbers of any type.
 *
 * @param plain The kernel for channels last.
 * @param result Whether it returns images, or a filter's gradient.
 */
export function eitherLayout(plain: tf.KernelConfig, result: "images" | "filter" = "images"): tf.KernelConfig {
  const anyhow = composedKernel(plain.kernelName, ({ run }, { inputs, attrs }) => {
    const floats = mapped(inputs, (x) => x.dtype === "float32" ? x : run("Cast", { x }, { dtype: "float32" }));
    if (tf.backend_util.convertConv2DDataFormat(attrs.dataFormat ?? "NHWC") === "channelsLast") {
      return run(plain, floats, attrs);
    }
    const last = mapped(floats, (x, name) => IMAGES.includes(name) ? turned(run, x, [0, 2, 3, 1]) : x);
    const { pad, inputShape } = attrs;
    const out = run(plain, last, {
      ...attrs,
      dataFormat: "NHWC",
      pad: Array.isArray(pad) ? lastly(pad) : pad,
      inputShape: inputShape && lastly(inputShape),
    });
    return result === "images" ? turned(run, out, [0, 3, 1, 2]) : out;
  });
  return wasmKernel(plain.kernelName, (args) => {
    const { kernelFunc } = asItIs(args) ? plain : anyhow;
    return kernelFunc(args as never) as TensorInfo;
  });
}

/** Whether the inputs are as the kernel for channels last expects them. */
function asItIs({ inputs, attrs }: KernelArguments): boolean {
  return attrs.dataFormat === "NHWC" && Object.values(inputs).every((x) => x === undefined || x.dtype === "float32");
}

/** Images with their axes in another order. */
function turned(run: Composer["run"], x: TensorInfo, perm: number[]): TensorInfo {
  const shape = perm.map((axis) => x.shape[axis]!);
  return shape.includes(0) ? run("Reshape", { x }, { shape }) : run("Transpose", { x }, { perm }); // or it traps
}

/** Reorders values that belong to `B, C, H, W` as `B, H, W, C`. */
function lastly<T>([b, c, h, w]: T[]): T[] {
  return [b, h, w, c] as T[];
}

/** Applies `change` to each input that is given. */
function mapped(
  inputs: Record<string, TensorInfo | undefined>,
  change: (x: TensorInfo, name: string) => TensorInfo,
): Record<string, TensorInfo> {
  return Object.fromEntries(Object.entries(inputs).flatMap(([name, x]) => x ? [[name, change(x, name)]] : []));
}
