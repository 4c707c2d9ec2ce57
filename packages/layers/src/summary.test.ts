import { engine, matMul, type Tensor, transpose, zeros } from '@ddnet/ops'
import { expect, test } from 'vitest'
import { Conv2d } from './conv2d.ts'
import { estimateMemory } from './estimate-memory.ts'
import * as initializers from './initializers.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'
import { summary } from './summary.ts'

/** A square of its input's features with a parameter of its own around two layers. */
class Product extends Module {
  readonly first = new Linear(4, 6)
  readonly inner = { second: new Linear(4, 6, { bias: false }) }
  readonly scale = new Parameter([3, 3], { init: initializers.ones })
  override forward(x: Tensor, y: Tensor): { scores: Tensor } {
    const scores = matMul(this.first.forward(x), transpose(this.inner.second.forward(y))) // [3, 3], 6 inside
    return { scores: matMul(scores, this.scale.value) }
  }
}

test('a summary takes several inputs, tells the first of several results, and counts what a module does itself', () => {
  const expected = {
    rows: [
      { name: 'first', type: 'Linear', outputShape: [3, 6], parameters: 30, multiplyAdds: 3 * 4 * 6 },
      { name: 'inner.second', type: 'Linear', outputShape: [3, 6], parameters: 24, multiplyAdds: 3 * 4 * 6 },
      { name: '', type: 'Product', outputShape: [3, 3], parameters: 9, multiplyAdds: 3 * 6 * 3 + 3 * 3 * 3 },
    ],
    parameters: 63,
    multiplyAdds: 2 * 72 + 54 + 27,
  }
  const model = new Product()
  expect(summary(model, [3, 4], [3, 4])).toEqual(expected)
  expect(summary(model, () => model.forward(zeros([3, 4]), zeros([3, 4])))).toEqual(expected)
})

test('it needs no values and no backend, and takes sizes that no machine has', () => {
  const model = new Conv2d(3, 1000, { kernelSize: [3, 5], padding: 'same', groups: 1 })
  const shape = [1, 1000, 1000, 3]
  expect(summary(model, shape).multiplyAdds).toBe(1e6 * 15 * 3 * 1000)
  expect(model.weight.ready).toBe(false)
  expect(estimateMemory(model, shape).total).toBeGreaterThan(4 * 2 * 1e9) // the result and its gradient
  expect(() => model.weight.value).toThrow('has no value yet')
})

test('what does not fit is the operator’s error, and nothing stays behind', () => {
  const before = engine().state.numTensors
  expect(() => summary(new Linear(4, 6), [3, 5])).toThrow('linear: expected last axis 4, got [3,5]')
  expect(engine().state.numTensors).toBe(before)
})
