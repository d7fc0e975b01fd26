/**
 * Every kernel of this folder.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { adamStep } from "./adam.ts";
import { alias, castToBool } from "./alias.ts";
import { assembledKernel, type Build } from "./assembled.ts";
import { eitherLayout } from "./channels_first.ts";
import { convolve, filterGradient, inputGradient } from "./conv2d.ts";
import { convolve3d, filterGradient3d, inputGradient3d } from "./conv3d.ts";
import { cropAndResize } from "./crop_and_resize.ts";
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise_conv2d.ts";
import * as dilation2d from "./dilation2d.ts";
import { einsum } from "./einsum.ts";
import { elementwise } from "./elementwise.ts";
import { fusedConvolution, fusedProduct } from "./fused.ts";
import { integerProduct } from "./integer_product.ts";
import { product } from "./matmul.ts";
import { rightFor } from "./on_cpu.ts";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient, maxPoolWithArgmax } from "./pooling.ts";
import { mean, reduction, sum } from "./reductions.ts";
import { reluGradientKernel } from "./relu_gradient.ts";
import { bilinearGradient, nearestGradient, nearestNeighbor } from "./resize.ts";
import { slice } from "./slice.ts";
import { kernelsByType } from "./types.ts";
import { unsortedSegmentSum } from "./unsorted_segment_sum.ts";

/**
 * The kernels that {@linkcode installTrainingKernels} registers.
 *
 * @param own tfjs's own kernel of a name, which some of them are made of or fall back on.
 */
export function trainingKernels(build: Build, own: (name: string) => tf.KernelConfig): tf.KernelConfig[] {
  const conv2d = eitherLayout(assembledKernel("Conv2D", build, convolve));
  const depthwiseConv2d = eitherLayout(assembledKernel("DepthwiseConv2dNative", build, depthwise));
  const matMul = assembledKernel("BatchMatMul", build, product, own("BatchMatMul"));
  return [
    ...kernelsByType(own),
    conv2d,
    fusedConvolution(own("FusedConv2D"), conv2d),
    eitherLayout(assembledKernel("Conv2DBackpropFilter", build, filterGradient), "filter"),
    eitherLayout(assembledKernel("Conv2DBackpropInput", build, inputGradient)),
    depthwiseConv2d,
    fusedConvolution(own("FusedDepthwiseConv2D"), depthwiseConv2d),
    eitherLayout(assembledKernel("DepthwiseConv2dNativeBackpropFilter", build, depthwiseFilterGradient), "filter"),
    eitherLayout(assembledKernel("DepthwiseConv2dNativeBackpropInput", build, depthwiseInputGradient)),
    assembledKernel("Conv3D", build, convolve3d),
    assembledKernel("Conv3DBackpropFilterV2", build, filterGradient3d),
    assembledKernel("Conv3DBackpropInputV2", build, inputGradient3d),
    integerProduct(matMul),
    rightFor(["float32"], fusedProduct(own("_FusedMatMul"), matMul)),
    adamStep(build),
    sum(own("Sum"), build),
    mean(own("Mean"), build),
    ...["All", "Any", "ArgMax", "ArgMin", "Max", "Min", "Prod"].map((name) => reduction(own(name))),
    ...elementwise(own, build),
    reluGradientKernel(build),
    unsortedSegmentSum(build),
    ...["", "3D"].flatMap((rank) => [
      assembledKernel(`MaxPool${rank}`, build, maxPool),
      assembledKernel(`MaxPool${rank}Grad`, build, maxPoolGradient),
      assembledKernel(`AvgPool${rank}`, build, averagePool),
      assembledKernel(`AvgPool${rank}Grad`, build, averagePoolGradient),
    ]),
    assembledKernel("MaxPoolWithArgmax", build, maxPoolWithArgmax),
    assembledKernel("Dilation2D", build, dilation2d.dilation),
    assembledKernel("Dilation2DBackpropInput", build, dilation2d.inputGradient),
    assembledKernel("Dilation2DBackpropFilter", build, dilation2d.filterGradient),
    rightFor(["float32"], assembledKernel("ResizeNearestNeighbor", build, nearestNeighbor)),
    assembledKernel("ResizeNearestNeighborGrad", build, nearestGradient),
    assembledKernel("ResizeBilinearGrad", build, bilinearGradient, own("ResizeBilinearGrad")),
    cropAndResize(own("CropAndResize")),
    alias(own("Identity")),
    castToBool(alias(own("Cast"))),
    einsum,
    slice(own("Slice")),
  ];
}
