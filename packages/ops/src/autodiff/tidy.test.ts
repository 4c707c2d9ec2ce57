import * as ops from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import type { Tensor } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'

const { tensor, random } = ops

/** What the calls below are given, all of it made before they are counted. */
const given = () => ({
  matrix: tensor([3, -1, 2, 0.5, 4, -2], [2, 3]),
  square: tensor([1, 2, 3, 4], [2, 2]),
  vector: tensor([1, -2, 3]),
  whole: tensor([0, 2, 1], [3], 'int32'),
  places: tensor([0, 1, 1, 0, 0, 1], [2, 3], 'int32'),
  truth: tensor([1, 0, 1], [3], 'bool'),
  flag: tensor([1], [1], 'bool'),
  scalar: tensor(2),
  deep: tensor([1, 2, 3, 4], [1, 2, 1, 2, 1]),
  line: tensor([1, 2, 3, 4, 5, 6], [1, 3, 2]),
  image: tensor([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 4, 1]),
  filter: tensor([1, 2, 3, 4], [2, 2, 1, 1]),
  taps: tensor([1, 2, 3, 4], [2, 1, 2]),
  one: tensor([2]),
  two: tensor([2, 3]),
})

type Given = ReturnType<typeof given>
type Result = Tensor | Tensor[] | Record<string, Tensor>

/** Calls that the cases of `describeOp` leave out: operators without a derivative, and other ways through the others. */
const calls: Record<string, (given: Given) => Result> = {
  all: ({ vector }) => ops.all(vector),
  any: ({ matrix }) => ops.any(matrix, 1, true),
  argMax: ({ matrix }) => ops.argMax(matrix),
  'argMax of all, keeping axes': ({ matrix }) => ops.argMax(matrix, undefined, true),
  'argMax along an axis': ({ matrix }) => ops.argMax(matrix, 0),
  'argMin along an axis, keeping it': ({ matrix }) => ops.argMin(matrix, 1, true),
  argSort: ({ matrix }) => ops.argSort(matrix, { axis: 0 }),
  sort: ({ matrix }) => ({ ...ops.sort(matrix, { axis: 0, descending: true }) }),
  topK: ({ matrix }) => ({ ...ops.topK(matrix, 2) }),
  'topK of integers': ({ places }) => ({ ...ops.topK(places, 1, { largest: false }) }),
  split: ({ matrix }) => ops.split(matrix, [1, 2], 1),
  'split into one': ({ matrix }) => ops.split(matrix, 2),
  chunk: ({ vector }) => ops.chunk(vector, 2),
  unstack: ({ matrix }) => ops.unstack(matrix, 1),
  oneHot: ({ whole }) => ops.oneHot(whole, 3),
  'oneHot of a list': () => ops.oneHot([0, 2], 3),
  'oneHot of one class': ({ whole }) => ops.oneHot(whole, 1),
  equal: ({ matrix, vector }) => ops.equal(matrix, vector),
  notEqual: ({ vector }) => ops.notEqual(vector, 3),
  greater: ({ vector }) => ops.greater(vector, 0),
  greaterEqual: ({ whole }) => ops.greaterEqual(whole, 1),
  less: ({ matrix, vector }) => ops.less(matrix, vector),
  lessEqual: ({ matrix, vector }) => ops.lessEqual(matrix, vector),
  logicalAnd: ({ truth }) => ops.logicalAnd(truth, truth),
  logicalOr: ({ truth }) => ops.logicalOr(truth, truth),
  logicalNot: ({ truth }) => ops.logicalNot(truth),
  isNaN: ({ vector }) => ops.isNaN(vector),
  'isFinite of integers': ({ whole }) => ops.isFinite(whole),
  sign: ({ vector }) => ops.sign(vector),
  'round of integers': ({ whole }) => ops.round(whole),
  'exp of integers': ({ whole }) => ops.exp(whole),
  'log1p of booleans': ({ truth }) => ops.log1p(truth),
  'div of integers': ({ whole }) => ops.div(whole, 2),
  'square of integers': ({ whole }) => ops.square(whole),
  'pow by a number': ({ vector }) => ops.pow(vector, 2),
  'clamp on one side': ({ vector }) => ops.clamp(vector, { min: 0 }),
  eye: () => ops.eye(2, 3),
  'diag of a vector': ({ vector }) => ops.diag(vector),
  'diag of a matrix': ({ matrix }) => ops.diag(matrix),
  trace: ({ matrix }) => ops.trace(matrix),
  onesLike: ({ matrix }) => ops.onesLike(matrix),
  zerosLike: ({ matrix }) => ops.zerosLike(matrix),
  detach: ({ matrix }) => ops.detach(matrix),
  'cast to bool': ({ vector }) => ops.cast(vector, 'bool'),
  'cast to int32': ({ vector }) => ops.cast(vector, 'int32'),
  'cast to its own dtype': ({ vector }) => ops.cast(vector, 'float32'),
  'where of numbers': ({ truth }) => ops.where(truth, 1, 0),
  'where of two dtypes': ({ truth, whole, vector }) => ops.where(truth, whole, vector),
  'where in five axes': ({ flag, deep }) => ops.where(flag, deep, 0),
  'gather along the last axis': ({ matrix, whole }) => ops.gather(matrix, whole, 1),
  'scatter of a number': ({ matrix, places }) => ops.scatter(matrix, places, 7, 0),
  scatterAdd: ({ matrix, places }) => ops.scatterAdd(matrix, places, matrix, 0),
  takeAlongAxis: ({ matrix, places }) => ops.takeAlongAxis(matrix, places, 1),
  'tile in five axes': ({ deep }) => ops.tile(deep, [2, 1, 2, 1, 1]),
  'tile with a new axis': ({ vector }) => ops.tile(vector, [2, 1]),
  'tile once': ({ deep }) => ops.tile(deep, [1, 1, 1, 1, 1]),
  broadcastTo: ({ vector }) => ops.broadcastTo(vector, [2, 3]),
  'broadcastTo its own shape': ({ vector }) => ops.broadcastTo(vector, [3]),
  'padConstant of two axes of five': ({ deep }) =>
    ops.padConstant(deep, [
      [0, 0],
      [1, 1],
      [0, 0],
      [0, 1],
      [0, 0],
    ]),
  'padConstant of five axes': ({ deep }) => ops.padConstant(deep, new Array(5).fill([1, 0])),
  'reverse of two axes': ({ matrix }) => ops.reverse(matrix),
  'roll of all values': ({ matrix }) => ops.roll(matrix, 1),
  'roll by nothing': ({ matrix }) => ops.roll(matrix, 0, 1),
  'stack of one': ({ vector }) => ops.stack([vector]),
  'concat of one': ({ vector }) => ops.concat([vector]),
  'cumsum from the end': ({ matrix }) => ops.cumsum(matrix, 0, { reverse: true, exclusive: true }),
  'prod of an odd count': ({ matrix }) => ops.prod(matrix, 1),
  'norm of order 0': ({ matrix }) => ops.norm(matrix, { order: 0 }),
  'norm of order 1': ({ matrix }) => ops.norm(matrix, { order: 1, axis: 0 }),
  'norm of order 2': ({ matrix }) => ops.norm(matrix),
  'norm of order 3': ({ matrix }) => ops.norm(matrix, { order: 3, axis: 1, keepDims: true }),
  'norm of order ∞': ({ matrix }) => ops.norm(matrix, { order: Number.POSITIVE_INFINITY }),
  'norm of order −∞': ({ matrix }) => ops.norm(matrix, { order: Number.NEGATIVE_INFINITY }),
  std: ({ matrix }) => ops.std(matrix, 0),
  'matMul of vectors': ({ vector }) => ops.matMul(vector, vector),
  'matMul of a vector and a matrix': ({ square, two }) => ops.matMul(two, square, false, true),
  'matMul of a batch': ({ line, two, square }) => [ops.matMul(line, square), ops.matMul(line, two)],
  linear: ({ line, square, two }) => ops.linear(line, square, two),
  'prelu of a scalar': ({ scalar, one }) => ops.prelu(scalar, one),
  'softmax along the first axis': ({ matrix }) => ops.softmax(matrix, 0),
  activate: ({ vector }) => ops.activate(vector, 'relu'),
  'softplus, a bend': ({ vector }) => ops.softplus(vector, { beta: 2 }),
  'pad by cutting': ({ matrix }) =>
    ops.pad(matrix, [
      [-1, 1],
      [0, 2],
    ]),
  'pad by nothing': ({ vector }) => ops.pad(vector, [[0, 0]]),
  'pad by reflection': ({ vector }) => ops.pad(vector, [[1, 1]], { mode: 'reflect' }),
  'interpolate to its own size': ({ image }) => ops.interpolate(image, { size: [2, 4], mode: 'bilinear' }),
  interpolate: ({ image }) => ops.interpolate(image, { scaleFactor: 1.5, mode: 'bicubic' }),
  pixelUnshuffle: ({ image }) => ops.pixelUnshuffle(image, 2),
  maxPool2dWithIndices: ({ image }) => ({ ...ops.maxPool2dWithIndices(image, { kernelSize: 2 }) }),
  'adaptiveMaxPool2d of uneven windows': ({ image }) => ops.adaptiveMaxPool2d(image, [2, 3]),
  'adaptiveAvgPool2d of uneven windows': ({ image }) => ops.adaptiveAvgPool2d(image, [null, 3]),
  maxPool1d: ({ line }) => ops.maxPool1d(line, { kernelSize: 2 }),
  avgPool1d: ({ line }) => ops.avgPool1d(line, { kernelSize: 2 }),
  'conv2d, all options': ({ image, filter, one }) =>
    ops.conv2d(image, filter, { padding: 1, bias: one, activation: 'relu' }),
  'conv2d with an activation alone': ({ image, filter }) => ops.conv2d(image, filter, { activation: 'relu' }),
  'convTranspose2d with output padding': ({ image, filter, one }) =>
    ops.convTranspose2d(image, filter, { stride: 2, outputPadding: 1, bias: one }),
  'conv1d in groups': ({ line, taps }) => ops.conv1d(line, taps, { groups: 2 }),
  embedding: ({ places, matrix }) => ops.embedding(places, matrix, { paddingIndex: 0 }),
  'dropout in training': ({ matrix }) => ops.dropout(matrix, { key: random.key(1) }),
  'dropout in inference': ({ matrix }) => ops.dropout(matrix, { key: random.key(1), training: false }),
  'softmaxCrossEntropy of probabilities': ({ square }) =>
    ops.softmaxCrossEntropy(square, square, { labelSmoothing: 0.1 }),
  'layerNorm with an activation': ({ matrix }) => ops.layerNorm(matrix, { normalizedShape: 3, activation: 'relu' }),
  'random.uniform': () => random.uniform(random.key(1), [3]),
  'random.normal': () => random.normal(random.key(1), [3]),
  'random.truncatedNormal': () => random.truncatedNormal(random.key(1), [30]),
  'random.integers': () => random.integers(random.key(1), [3], 0, 9),
  'random.bernoulli': () => random.bernoulli(random.key(1), [3]),
}

describeBackends('outside tidy', () => {
  test.each(Object.entries(calls))('%s leaves nothing but its results', (_, call) => {
    const inputs = given()
    const before = ops.memory().numTensors
    ops.dispose(call(inputs))
    expect(ops.memory().numTensors).toBe(before)
    ops.dispose(inputs)
  })
})
