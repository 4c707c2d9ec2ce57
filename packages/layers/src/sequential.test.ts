import { maxPool2d, memory, mul, random, relu, type Tensor, tanh, tidy } from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'
import { describeBackends, expectClose, floatsOf, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { ReLU } from './activations.ts'
import { BatchNorm } from './batch-norm.ts'
import { ConvTranspose2d } from './conv-transpose2d.ts'
import { Conv2d } from './conv2d.ts'
import { init } from './init.ts'
import { Linear } from './linear.ts'
import { Module } from './module.ts'
import { observe } from './observe.ts'
import { openPass } from './pass.ts'
import { pipe } from './pipe.ts'
import { Sequential } from './sequential.ts'

const key = random.key(7)
const images = () => random.normal(key, [2, 6, 6, 3])

/** The kernels of the top that `run` runs. */
function kernelsOf(run: () => unknown): string[] {
  const names: string[] = []
  let depth = 0
  const stop = observeKernels(({ kernelName }) => {
    if (depth++ === 0) names.push(kernelName)
    return () => void depth--
  })
  try {
    tidy(() => void run())
  } finally {
    stop()
  }
  return names
}

const make = () =>
  init(
    new Sequential(
      new Conv2d(3, 4, { kernelSize: 3, padding: 1, bias: false }),
      new BatchNorm(4),
      relu,
      (x) => maxPool2d(x, { kernelSize: 2 }),
      new ConvTranspose2d(4, 2, { kernelSize: 2, stride: 2 }),
      relu,
      new Conv2d(2, 2, { kernelSize: [3, 1], stride: [1, 2], padding: [1, 0], dilation: [1, 1] }),
      relu,
      tanh,
    ),
    key,
  )

describe('a Sequential', () => {
  beforeAll(() => useBackend('cpu'))

  test('names its modules by position, and functions count, as in PyTorch', () => {
    const model = make()
    expect([...model.parameters().keys()]).toEqual([
      '0.weight',
      '1.weight',
      '1.bias',
      '4.weight',
      '4.bias',
      '6.weight',
      '6.bias',
    ])
    expect([model.length, [...model].length, model[2]]).toEqual([9, 9, relu])
    expect(model.parameters().get('6.weight')?.shape).toEqual([3, 1, 2, 2])
    expect(tidy(() => model.forward(images())).shape).toEqual([2, 6, 3, 2])
  })

  test('is empty or nested, too', () => {
    const x = images()
    expect(new Sequential().forward(x)).toBe(x)
    const nested = init(new Sequential(new Sequential(new Linear(3, 2)), relu), key)
    expect([...nested.parameters().keys()]).toEqual(['0.0.weight', '0.0.bias'])
  })

  test('runs a convolution or norm and its ReLU as one kernel', () => {
    const model = make()
    const x = images()
    const kernels = kernelsOf(() => model.forward(x))
    expect(kernels).not.toContain('Relu')
    const one = (...layers: Parameters<typeof pipe>[1][]) => kernelsOf(() => pipe(x, ...layers))
    const conv = init(new Conv2d(3, 4, { kernelSize: 3 }), key)
    expect(one(conv, relu)).toHaveLength(one(conv).length)
    expect(one(conv, new ReLU())).toHaveLength(one(conv).length)
    expect(one(new ReLU())).toContain('Relu')
    expect(one(conv, (x) => relu(x))).toContain('Relu')
    class Loud extends ReLU {
      override forward(x: Tensor): Tensor {
        return super.forward(x)
      }
    }
    expect(one(conv, new Loud())).toContain('Relu')
  })

  test('but one by one where it is watched, or where forward is somebody’s own', () => {
    const x = images()
    const seen: string[] = []
    const model = make()
    const watched = kernelsOf(() =>
      observe(
        model,
        () => model.forward(x),
        ({ path }) => void seen.push(path),
      ),
    )
    expect(watched.filter((name) => name === 'Relu')).toHaveLength(3)
    expect(seen).toEqual(['0', '1', '4', '6', ''])
    class Own extends Conv2d {
      override forward(x: Tensor): Tensor {
        return super.forward(mul(x, 2))
      }
    }
    const own = init(new Own(3, 4, { kernelSize: 3 }), key)
    expect(kernelsOf(() => pipe(x, own, relu))).toContain('Relu')
  })

  test('observes some layers, and leaves the others fused', () => {
    const model = make()
    const x = images()
    const some = kernelsOf(() =>
      observe(
        model,
        () => model.forward(x),
        () => {},
        { only: ['4'] },
      ),
    )
    expect(some.filter((name) => name === 'Relu')).toHaveLength(1)
    expect(() =>
      observe(
        model,
        () => {},
        () => {},
        { only: ['2'] },
      ),
    ).toThrow('Sequential has no layer "2". Its layers are 0, 1, 4, 6.')
  })
})

describeBackends('fused layers', () => {
  test.each([true, false])('give what they give one by one, training %s', async (training) => {
    const model = make()
    const x = images()
    const before = memory().numTensors
    const run = () => tidy(() => openPass({ training }, () => model.forward(x)))
    const [fused, apart] = [run(), observe(model, run, () => {})]
    expectClose(await floatsOf(fused), await floatsOf(apart), 1e-6)
    for (const each of [fused, apart]) each.dispose()
    expect(memory().numTensors).toBe(before)
    model.dispose()
  })
})

describe('observe', () => {
  beforeAll(() => useBackend('cpu'))

  class Twice extends Module {
    readonly layer = new Linear(3, 3)
    override forward(x: Tensor, scale: number): Tensor {
      return mul(this.layer.forward(this.layer.forward(x)), scale)
    }
  }

  test('tells inputs, outputs and the number of the call', () => {
    const model = init(new Twice(), key)
    const x = images()
    const visits: unknown[] = []
    const y = observe(
      model,
      () => model.forward(x, 3),
      ({ path, call, module, inputs }) => {
        visits.push([path, call, module === model, inputs.at(-1) === x, inputs.length])
      },
    )
    expect(y.shape).toEqual([2, 6, 6, 3])
    expect(visits).toEqual([
      ['layer', 0, false, true, 1],
      ['layer', 1, false, false, 1],
      ['', 0, true, false, 2],
    ])
  })

  test('puts { output } in the place of an output, and nothing else that a visitor returns', async () => {
    const model = init(new Twice(), key)
    const x = images()
    const replaced = observe(
      model,
      () => model.forward(x, 1),
      ({ path }) => (path === 'layer' ? { output: x } : 7),
    )
    expect(await replaced.data()).toEqual(await x.data())
  })

  test('takes nothing that is async', () => {
    const model = init(new Twice(), key)
    expect(() =>
      observe(
        model,
        async () => {},
        () => {},
      ),
    ).toThrow('not to be async')
    expect(Object.hasOwn(model.layer, 'forward')).toBe(false)
  })
})
