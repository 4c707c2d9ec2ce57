import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core'
import * as tf from '@tensorflow/tfjs-core'
import { logSoftmax, softmax } from '../activation/softmax.ts'
import { mul, sub } from '../array/arithmetic.ts'
import { reshape } from '../array/shape.ts'
import { where } from '../array/where.ts'
import { defineOp, type Op } from '../autodiff/define-op.ts'
import { isRecording } from '../autodiff/gradient.ts'

export interface CrossEntropyAttributes {
  readonly labelSmoothing: number
  readonly ignoreIndex: number
}

type Forward = { logits: Tensor2D; labels: Tensor; classWeights: Tensor }
type Backward = Forward & { dlosses: Tensor }

/** One-hot rows as bool, nowhere true for ignored labels and those out of range. */
function hotRows(labels: Tensor, classes: number, ignoreIndex: number): Tensor {
  // tf.oneHot refuses a single class.
  const hot = tf.equal(tf.expandDims(labels, 1), tf.range(0, classes, 1, 'int32'))
  if (ignoreIndex < 0 || ignoreIndex >= classes) return hot
  return tf.logicalAnd(hot, tf.expandDims(tf.notEqual(labels, tf.scalar(ignoreIndex, 'int32')), 1))
}

/**
 * `[losses, weights]` of rows: with the class weights w, the smoothing s and the label y of a row,
 * `loss = −w[y] · (1 − s) · log p[y] − s / classes · Σ w · log p` and `weight = w[y]`; both are 0 for an ignored label.
 * The weights do not depend on the logits. A label that is out of range makes its loss NaN.
 */
export const crossEntropyOp: Op<Forward, CrossEntropyAttributes, Tensor[]> = defineOp<
  Forward,
  CrossEntropyAttributes,
  Tensor[],
  'labels' | 'classWeights',
  Tensor
>('softmaxCrossEntropy', {
  inputs: ['logits', 'labels', 'classWeights'],
  forward: ({ logits, labels, classWeights }, { labelSmoothing, ignoreIndex }) => {
    const classes = logits.shape[1]
    const hot = hotRows(labels, classes, ignoreIndex)
    const logs = logSoftmax(logits)
    // Chosen, not multiplied: 0 · −∞ of an impossible class would be NaN.
    const chosen = tf.where(hot, logs, tf.zerosLike(logs))
    const ones = tf.cast(hot, 'float32')
    const weights = tf.sum(tf.mul(ones, classWeights), 1)
    const kept = tf.sum(ones, 1)
    const hard = tf.mul(tf.neg(weights), tf.sum(chosen, 1))
    const losses =
      labelSmoothing === 0
        ? hard
        : tf.sub(
            tf.mul(1 - labelSmoothing, hard),
            tf.mul(tf.mul(labelSmoothing / classes, kept), tf.sum(tf.mul(logs, classWeights), 1)),
          )
    const ignored = tf.cast(tf.equal(labels, tf.scalar(ignoreIndex, 'int32')), 'float32')
    return [tf.div(losses, tf.add(kept, ignored)), weights] // 0 / 0 where a label is out of range
  },
  shared: ([dlosses], { logits, labels, classWeights }, attributes): Tensor => {
    const inputs = { dlosses: dlosses as Tensor, logits, labels, classWeights }
    // The kernel has no derivative of its own; under a tape the gradient is made of operators that do.
    return isRecording() ? crossEntropyGradient(inputs, attributes) : crossEntropyGradientOp(inputs, attributes)
  },
  gradient: { logits: (_, __, ___, dlogits) => dlogits },
  constants: { labels: 'a class is an integer', classWeights: 'they are given, as in PyTorch' },
})

const once = 'it is a kernel for first order only; under a tape softmaxCrossEntropy uses its composition'

/** The gradient of `crossEntropyOp` with respect to the logits. */
export const crossEntropyGradientOp: Op<Backward, CrossEntropyAttributes, Tensor> = defineOp<
  Backward,
  CrossEntropyAttributes,
  Tensor,
  keyof Backward
>('softmaxCrossEntropyGradient', {
  inputs: ['dlosses', 'logits', 'labels', 'classWeights'],
  forward: (inputs, attributes) => crossEntropyGradient(inputs, attributes),
  gradient: {},
  constants: { dlosses: once, logits: once, labels: once, classWeights: once },
})

/** With the target `t = w ⊙ ((1 − s) · onehot + s / classes)`, 0 for an ignored label: `dlogits = dloss · (p · Σ t − t)`. */
function crossEntropyGradient(
  { dlosses, logits, labels, classWeights }: Backward,
  { labelSmoothing, ignoreIndex }: CrossEntropyAttributes,
): Tensor {
  const [rows, classes] = logits.shape
  const hard = tf.cast(hotRows(labels, classes, ignoreIndex), 'float32')
  const kept = tf.sum(hard, 1, true)
  const mixed =
    labelSmoothing === 0 ? hard : tf.add(tf.mul(1 - labelSmoothing, hard), tf.mul(kept, labelSmoothing / classes))
  const target = tf.mul(mixed, classWeights) // a constant: made of labels alone
  const difference = sub(mul(softmax(logits), tf.sum(target, 1, true)), target)
  // Chosen, not multiplied: where all labels are ignored the mean's share of each is infinite.
  const shares = where(tf.greater(kept, 0), reshape(dlosses, [rows, 1]), 0)
  return mul(shares, difference)
}
