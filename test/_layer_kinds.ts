/**
 * Every kind of layer that tfjs can save. It imports tfjs alone, so that other platforms can run it too.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

const { layers } = tf;

/** A tensor to be, in a model of layers. */
export type Node = tf.SymbolicTensor;

/** What a model does in its middle. */
export type Middle = (x: Node) => Node;

/** What a new layer does to a symbol; layers have no narrower type for one output. */
export const apply = (make: () => tf.layers.Layer) => (x: Node | Node[]) => make().apply(x) as Node;
/** A layer's output as one row an example. */
export const flat: Middle = (x) => {
  const size = tf.util.sizeFromShape(x.shape.slice(1) as number[]);
  return apply(() => layers.reshape({ targetShape: [size] }))(x);
};
const two: Middle = (x) => apply(() => layers.dense({ units: 3 }))(x);
/** A layer of two inputs. */
const merged = (make: () => tf.layers.Layer): Middle => (x) => apply(make)([two(x), two(x)]);
const network = (shape: number[], units = 3) =>
  tf.sequential({
    layers: [layers.dense({ inputShape: shape, units, activation: "relu" }), layers.dense({ units })],
  });

/** A network that is no chain. */
function graph(shape: number[]): tf.LayersModel {
  const x = tf.input({ shape });
  const [left, right] = [two(x), two(x)];
  return tf.model({ inputs: x, outputs: apply(() => layers.add())([left, right]) });
}

const [LINE, ROW, IMAGE, VOLUME, FILM] = [[6], [4, 3], [4, 4, 2], [4, 4, 4, 1], [3, 4, 4, 1]];

/** The layers, each on examples of some shape. */
export const KINDS: Record<string, [shape: number[], middle: Middle]> = {
  activation: [LINE, apply(() => layers.activation({ activation: "tanh" }))],
  add: [LINE, merged(() => layers.add())],
  alphaDropout: [LINE, apply(() => layers.alphaDropout({ rate: 0.1 }))],
  average: [LINE, merged(() => layers.average())],
  averagePooling1d: [ROW, apply(() => layers.averagePooling1d({ poolSize: 2 }))],
  averagePooling2d: [IMAGE, apply(() => layers.averagePooling2d({ poolSize: 2 }))],
  averagePooling3d: [VOLUME, apply(() => layers.averagePooling3d({ poolSize: 2, strides: 2, padding: "same" }))],
  batchNormalization: [LINE, apply(() => layers.batchNormalization({ momentum: 0.8 }))],
  bidirectional: [
    ROW,
    apply(() => layers.bidirectional({ layer: layers.lstm({ units: 2 }) as tf.RNN, mergeMode: "concat" })),
  ],
  "bidirectional gru": [
    ROW,
    apply(() =>
      layers.bidirectional({ layer: layers.gru({ units: 2, returnSequences: true }) as tf.RNN, mergeMode: "sum" })
    ),
  ],
  concatenate: [LINE, merged(() => layers.concatenate())],
  conv1d: [ROW, apply(() => layers.conv1d({ filters: 2, kernelSize: 2 }))],
  conv2d: [IMAGE, apply(() => layers.conv2d({ filters: 2, kernelSize: 2 }))],
  conv2dTranspose: [IMAGE, apply(() => layers.conv2dTranspose({ filters: 2, kernelSize: 2 }))],
  conv3d: [VOLUME, apply(() => layers.conv3d({ filters: 2, kernelSize: 2 }))],
  conv3dTranspose: [VOLUME, apply(() => layers.conv3dTranspose({ filters: 2, kernelSize: 2 }))],
  convLstm2d: [FILM, apply(() => layers.convLstm2d({ filters: 2, kernelSize: 2 }))],
  cropping2D: [IMAGE, apply(() => layers.cropping2D({ cropping: [[1, 1], [1, 0]] }))],
  dense: [LINE, two],
  "dense with a constraint": [
    LINE,
    apply(() => layers.dense({ units: 2, kernelConstraint: tf.constraints.maxNorm({ maxValue: 2 }) })),
  ],
  depthwiseConv2d: [IMAGE, apply(() => layers.depthwiseConv2d({ kernelSize: 2 }))],
  dot: [LINE, merged(() => layers.dot({ axes: 1 }))],
  dropout: [LINE, apply(() => layers.dropout({ rate: 0.1 }))],
  elu: [LINE, apply(() => layers.elu())],
  embedding: [LINE, apply(() => layers.embedding({ inputDim: 3, outputDim: 2 }))],
  flatten: [IMAGE, apply(() => layers.flatten())],
  gaussianDropout: [LINE, apply(() => layers.gaussianDropout({ rate: 0.1 }))],
  gaussianNoise: [LINE, apply(() => layers.gaussianNoise({ stddev: 0.1 }))],
  globalAveragePooling1d: [ROW, apply(() => layers.globalAveragePooling1d({}))],
  globalAveragePooling2d: [IMAGE, apply(() => layers.globalAveragePooling2d({}))],
  globalMaxPooling1d: [ROW, apply(() => layers.globalMaxPooling1d({}))],
  globalMaxPooling2d: [IMAGE, apply(() => layers.globalMaxPooling2d({}))],
  gru: [ROW, apply(() => layers.gru({ units: 2 }))],
  layerNormalization: [LINE, apply(() => layers.layerNormalization({}))],
  leakyReLU: [LINE, apply(() => layers.leakyReLU())],
  lstm: [ROW, apply(() => layers.lstm({ units: 2 }))],
  masking: [ROW, apply(() => layers.masking({ maskValue: 0.5 }))],
  maxPooling1d: [ROW, apply(() => layers.maxPooling1d({ poolSize: 2 }))],
  maxPooling2d: [IMAGE, apply(() => layers.maxPooling2d({ poolSize: 2 }))],
  maxPooling3d: [VOLUME, apply(() => layers.maxPooling3d({ poolSize: 2, strides: 2, padding: "same" }))],
  maximum: [LINE, merged(() => layers.maximum())],
  minimum: [LINE, merged(() => layers.minimum())],
  model: [LINE, apply(() => graph(LINE))],
  "model in a model": [
    LINE,
    (x) => {
      const inner = tf.input({ shape: LINE });
      const outer = tf.model({ inputs: inner, outputs: two(graph(LINE).apply(inner) as Node) });
      return two(outer.apply(x) as Node);
    },
  ],
  multiply: [LINE, merged(() => layers.multiply())],
  permute: [ROW, apply(() => layers.permute({ dims: [2, 1] }))],
  prelu: [LINE, apply(() => layers.prelu())],
  reLU: [LINE, apply(() => layers.reLU({ maxValue: 2 }))],
  repeatVector: [LINE, apply(() => layers.repeatVector({ n: 2 }))],
  rescaling: [IMAGE, apply(() => layers.rescaling({ scale: 0.5, offset: 0.1 }))],
  reshape: [LINE, apply(() => layers.reshape({ targetShape: [3, 2] }))],
  "rnn of a cell": [ROW, apply(() => layers.rnn({ cell: layers.gruCell({ units: 2 }) }))],
  "rnn of cells": [
    ROW,
    apply(() => layers.rnn({ cell: [layers.lstmCell({ units: 2 }), layers.simpleRNNCell({ units: 3 })] })),
  ],
  "rnn of stacked cells": [
    ROW,
    apply(() =>
      layers.rnn({
        cell: layers.stackedRNNCells({ cells: [layers.gruCell({ units: 2 }), layers.lstmCell({ units: 3 })] }),
      })
    ),
  ],
  separableConv2d: [IMAGE, apply(() => layers.separableConv2d({ filters: 2, kernelSize: 2 }))],
  sequential: [LINE, apply(() => network(LINE))],
  "sequential in a sequential": [
    LINE,
    apply(() => tf.sequential({ layers: [network(LINE), layers.dense({ units: 4 }), network([4])] })),
  ],
  "shared layer": [LINE, (x) => {
    const shared = layers.dense({ units: 6, activation: "tanh" });
    return shared.apply(shared.apply(x)) as Node;
  }],
  simpleRNN: [ROW, apply(() => layers.simpleRNN({ units: 2 }))],
  softmax: [LINE, apply(() => layers.softmax())],
  spatialDropout1d: [ROW, apply(() => layers.spatialDropout1d({ rate: 0.1 }))],
  thresholdedReLU: [LINE, apply(() => layers.thresholdedReLU())],
  timeDistributed: [ROW, apply(() => layers.timeDistributed({ layer: layers.dense({ units: 2 }) }))],
  "timeDistributed of a sequential": [
    ROW,
    apply(() => layers.timeDistributed({ layer: network([3]) })),
  ],
  upSampling2d: [IMAGE, apply(() => layers.upSampling2d({ size: [2, 2] }))],
  zeroPadding2d: [IMAGE, apply(() => layers.zeroPadding2d({ padding: 1 }))],
};
