import { describeOp } from '@ddnet/testing'
import { avgPool2d } from './avg-pool2d.ts'

describeOp('avgPool2d', {
  inputs: ['x'],
  run: ({ x }, options) => avgPool2d(x, options),
})
