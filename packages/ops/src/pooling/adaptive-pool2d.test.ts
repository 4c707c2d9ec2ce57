import { describeOp } from '@ddnet/testing'
import { adaptiveAvgPool2d } from './adaptive-avg-pool2d.ts'
import { adaptiveMaxPool2d } from './adaptive-max-pool2d.ts'

describeOp('adaptiveAvgPool2d', {
  inputs: ['x'],
  run: ({ x }, { outputSize }) => adaptiveAvgPool2d(x, outputSize),
})

describeOp('adaptiveMaxPool2d', {
  inputs: ['x'],
  run: ({ x }, { outputSize }) => adaptiveMaxPool2d(x, outputSize),
  differences: 'outputSize 1 input [1, 1, 6, 1] normal',
})
