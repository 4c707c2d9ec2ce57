import { square, type Tensor, tidy } from '@ddnet/ops'
import { describeOp, itemAt } from '@ddnet/testing'
import { adaptiveAvgPool2d } from './adaptive-avg-pool2d.ts'
import { adaptiveMaxPool2d } from './adaptive-max-pool2d.ts'
import { avgPool2d } from './avg-pool2d.ts'
import { maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'
import { maxUnpool2d } from './max-unpool2d.ts'
import { avgPool1d, maxPool1d } from './pool1d.ts'

const poolings: Record<string, (x: Tensor, options: never) => Tensor> = {
  maxPool2d: (x, options) => maxPool2d(x, options),
  maxUnpool2d: (x, options) => {
    const { values, indices } = maxPool2dWithIndices(x, options)
    return maxUnpool2d(values, indices, { outputSize: [itemAt(x.shape, 1), itemAt(x.shape, 2)] })
  },
  avgPool2d: (x, options) => avgPool2d(x, options),
  adaptiveAvgPool2d: (x, { outputSize }) => adaptiveAvgPool2d(x, outputSize),
  adaptiveMaxPool2d: (x, { outputSize }) => adaptiveMaxPool2d(x, outputSize),
  maxPool1d: (x, options) => maxPool1d(x, options),
  avgPool1d: (x, options) => avgPool1d(x, options),
}

// A pooling is linear between its kinks: that of x² has second derivatives.
describeOp('poolingSquares', {
  inputs: ['x'],
  run: ({ x }, { operator, ...options }) =>
    tidy(() => (poolings[operator] as (x: Tensor, options: object) => Tensor)(square(x), options)),
  differences: "avgPool2d {'kernelSize': 2}",
})
