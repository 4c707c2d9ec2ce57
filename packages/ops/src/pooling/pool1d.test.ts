import { describeOp } from '@ddnet/testing'
import { avgPool1d, maxPool1d } from './pool1d.ts'

describeOp('maxPool1d', {
  inputs: ['x'],
  run: ({ x }, options) => maxPool1d(x, options),
})

describeOp('avgPool1d', {
  inputs: ['x'],
  run: ({ x }, options) => avgPool1d(x, options),
})
