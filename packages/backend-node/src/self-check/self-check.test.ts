import { BackendUnavailable } from '@ddnet/ops'
import { describeBackends } from '@ddnet/testing'
import { findBackend } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import type { NodeJSKernelBackend } from '../vendor/tfjs-node.mjs'
import { expectRightNumbers } from './self-check.ts'

/** Runs `run` on TensorFlow whose op `op` gives the negative of its first result. */
function withWrong(op: string, run: () => void): void {
  const backend = findBackend('tensorflow') as NodeJSKernelBackend
  const { binding } = backend
  const executeOp: typeof binding.executeOp = (name, attributes, inputs, count) => {
    const [first, ...rest] = binding.executeOp(name, attributes, inputs, count)
    if (name !== op || first === undefined) return first === undefined ? rest : [first, ...rest]
    const type = attributes.filter((each) => each.name === 'T')
    return [...binding.executeOp('Neg', type, [first.id], 1), ...rest]
  }
  const copied = Object.fromEntries(Object.getOwnPropertyNames(binding).map((key) => [key, binding[key as never]]))
  Object.assign(backend, { binding: { ...copied, executeOp } })
  try {
    run()
  } finally {
    Object.assign(backend, { binding })
  }
}

describeBackends('the check of numbers when TensorFlow starts', () => {
  test('finds nothing in a TensorFlow that is right', () => {
    expect(() => expectRightNumbers('cpu', true)).not.toThrow()
  })

  test.each([
    ['Conv2D', /conv2d of \[2, 5, 5, 1\] by \[3, 3, 1, 1\].*: its value at 0 is -?[\d.]+ in place of -?[\d.]+\./],
    ['Conv2DBackpropInput', /its gradient in x at 0 is/],
    ['Conv2DBackpropFilter', /its gradient in the filter at 0 is/],
    ['DepthwiseConv2dNative', /groups 8: its value/],
    ['DepthwiseConv2dNativeBackpropFilter', /groups 8: its gradient in the filter/],
    ['MaxPool', /pooling of \[1, 6, 5, 3\] by windows of \[3,3\], stride \[2,2\], padding \[1,1\]: maxPool2d at/],
    ['MaxPoolGrad', /the gradient of maxPool2d/],
    ['AvgPool', /: avgPool2d at/],
    ['AvgPoolGrad', /the gradient of avgPool2d/],
    ['FusedBatchNormV3', /batchNorm of \[4, 3, 3, 1\]: its value/],
    ['FusedBatchNormGradV2', /batchNorm of \[4, 3, 3, 1\]: its gradient in x/],
  ])('names what %s gets wrong, the shapes and the numbers', (op, message) => {
    withWrong(op, () => {
      expect(() => expectRightNumbers('cpu', true)).toThrow(message)
      expect(() => expectRightNumbers('cpu', true)).toThrow(BackendUnavailable)
    })
  })

  test('names the remedy: without oneDNN, or where it is off another TensorFlow', () => {
    withWrong('Conv2D', () => {
      expect(() => expectRightNumbers('cpu', true)).toThrow(
        /^tensorflow: wrong numbers on cpu: .* Start the process with TF_ENABLE_ONEDNN_OPTS=0/,
      )
      expect(() => expectRightNumbers('cpu', false)).toThrow(
        /Install TensorFlow again \(npx ddnet backend install tensorflow\), or use another backend\.$/,
      )
    })
  })
}, ['tensorflow'])
