import { Module, Parameter } from '@ddnet/layers'
import { add, square, zeros } from '@ddnet/ops'
import { squareplus } from './squareplus.mjs'

/** Squareplus whose smoothness is learned: `b = r² + 0.01`, which is above 0 whatever r is. It begins with r = 2. */
export class Squareplus extends Module {
  root = new Parameter([], { init: (_key, shape) => fill(shape, 2) })

  forward(x) {
    return squareplus(x, add(square(this.root.value), 0.01))
  }
}

const fill = (shape, value) => add(zeros(shape), value)
