import { memory, type Tensor, toHost } from '@ddnet/ops'
import { describeBackends, expectClose, expectTensorClose, operatorFixtures, upload, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  adam,
  adamW,
  averaged,
  chain,
  clipByGlobalNorm,
  globalNorm,
  type Optimizer,
  sgd,
  type Tensors,
} from './index.ts'

type Row = { name: string; create: (options: never) => Optimizer }
const rows: Row[] = [
  { name: 'adam', create: adam },
  { name: 'adamW', create: adamW },
  { name: 'sgd', create: sgd },
]
const cases = operatorFixtures('optimizers')
const parameters = ['a', 'b']

/** The optimizer of a fixture: a list of rates is a schedule. */
function createFor(row: Row, options: Record<string, unknown>): Optimizer {
  const rates = options.learningRate
  const learningRate = Array.isArray(rates) ? (step: number) => rates[step] as number : rates
  return row.create({ ...options, learningRate } as never)
}

const disposeAll = (...records: Tensors[]) => {
  for (const record of records) for (const tensor of Object.values(record)) tensor.dispose()
}

/** Step `step` of a fixture's `[steps, …]` tensor. */
const at = (fixture: { shape: number[]; data: ArrayLike<number> }, step: number) => {
  const shape = fixture.shape.slice(1)
  const size = shape.reduce((product, each) => product * each, 1)
  return {
    shape,
    dtype: 'float32' as const,
    data: Array.prototype.slice.call(fixture.data, step * size, (step + 1) * size),
  }
}

describeBackends('optimizers', () => {
  describe.each(rows)('$name', (row) => {
    const own = cases.filter((each) => each.name.startsWith(`${row.name} `))

    test.each(own)('equals torch.optim: $name', async ({ options, tensors }) => {
      const optimizer = createFor(row, options)
      const fixture = (name: string) => tensors[name] as NonNullable<(typeof tensors)[string]>
      let params: Tensors = Object.fromEntries(parameters.map((name) => [name, upload(fixture(name))]))
      let state = optimizer.init(params)
      for (let step = 0; step < 10; step++) {
        const grads = Object.fromEntries(
          parameters.map((name) => {
            const { shape, data } = at(fixture(`${name}.gradients`), step)
            return [name, upload({ shape, dtype: 'float32', data: Float32Array.from(data) })]
          }),
        )
        const next = optimizer.update(grads, state, params)
        disposeAll(params, state.tensors, grads)
        ;({ params, state } = next)
        for (const name of parameters) {
          // A single float32 rounding error, carried over ten steps.
          await expectTensorClose(
            params[name] as Tensor,
            at(fixture(`${name}.after`), step),
            2e-6,
            `${name} after ${step + 1}`,
          )
        }
      }
      expect(state.step).toBe(10)
      disposeAll(params, state.tensors)
    })
  })

  test.each(operatorFixtures('clipByGlobalNorm'))(
    'clipByGlobalNorm equals torch: $name',
    async ({ options, tensors }) => {
      const grads = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, upload(tensors[name] as never)]))
      const clipped = clipByGlobalNorm(options.maxNorm)(grads)
      for (const [name, gradient] of Object.entries(clipped)) {
        await expectTensorClose(gradient, tensors[`${name}.clipped`] as never, 1e-6, name)
      }
      const norm = globalNorm(grads)
      await expectTensorClose(norm, tensors.norm as never, 1e-6, 'norm')
      disposeAll(grads, clipped, { norm })
    },
  )
})

describe('every optimizer', () => {
  beforeAll(() => useBackend('cpu'))
  const example = operatorFixtures('optimizers')[0]?.tensors ?? {}
  const start = () => Object.fromEntries(parameters.map((name) => [name, upload<Tensor>(example[name] as never)]))

  test.each<[string, Optimizer]>([
    ['adam', adam()],
    ['adamW', adamW()],
    ['sgd', sgd()],
    ['sgd with momentum', sgd({ momentum: 0.9, weightDecay: 0.1 })],
    ['a chain', chain(clipByGlobalNorm(1), clipByGlobalNorm(2), sgd({ momentum: 0.9, nesterov: true }))],
  ])('%s makes only what it returns, and leaves its arguments alone', async (_, optimizer) => {
    const params = start()
    const grads = start()
    const state = optimizer.init(params)
    const before = memory().numTensors
    const next = optimizer.update(grads, state, params)
    expect(memory().numTensors - before).toBe(2 + Object.keys(state.tensors).length)
    expect(Object.keys(next.state.tensors)).toEqual(Object.keys(state.tensors))
    disposeAll(next.params, next.state.tensors)
    expect(memory().numTensors).toBe(before)
    await expectTensorClose(params.a as Tensor, example.a as never, 0)
    disposeAll(params, grads, state.tensors)
  })

  test('the chain hands the transformed gradients on', async () => {
    const params = start()
    const grads = start()
    const clipped = clipByGlobalNorm(0.1)(grads)
    const chained = chain(clipByGlobalNorm(0.1), sgd({ learningRate: 1 }))
    const direct = sgd({ learningRate: 1 })
    const [a, b] = [
      chained.update(grads, chained.init(params), params),
      direct.update(clipped, direct.init(params), params),
    ]
    const values = async (tensor: Tensor | undefined) => (await toHost(tensor as Tensor)).data as Float32Array
    expectClose(await values(a.params.b), await values(b.params.b), 0)
    disposeAll(params, grads, clipped, a.params, b.params)
  })

  test('the learning rate is that of the coming update', () => {
    const optimizer = chain(clipByGlobalNorm(1), adam({ learningRate: (step) => step / 10 }))
    expect([0, 1, 2].map(optimizer.learningRate)).toEqual([0, 0.1, 0.2])
  })

  test.each<[string, Optimizer]>([
    ['adam', adam({ learningRate: 0.1, weightDecay: 0.1 })],
    ['adamW', adamW({ learningRate: 0.1, weightDecay: 0.1 })],
    ['sgd', sgd({ learningRate: 0.1, weightDecay: 0.1 })],
    ['sgd with momentum', sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.5, weightDecay: 0.1 })],
    ['a chain', chain(clipByGlobalNorm(1e6), adam({ learningRate: 0.1 }))],
    ['an average', averaged(adam({ learningRate: 0.1, weightDecay: 0.1 }), { decay: 0.5 })],
  ])('%s passes by a parameter without a gradient, whose updates are counted by themselves', async (_, optimizer) => {
    /** After as many updates as there are lists, each of the gradients of the parameters that it names. */
    const after = async (names: string[], withGradients: string[][]) => {
      let params: Tensors = Object.fromEntries(Object.entries(start()).filter(([name]) => names.includes(name)))
      let state = optimizer.init(params)
      for (const given of withGradients) {
        const grads = Object.fromEntries(Object.entries(start()).filter(([name]) => given.includes(name)))
        const before = memory().numTensors
        const next = optimizer.update(grads, state, params)
        expect(memory().numTensors - before).toBe(names.length + Object.keys(state.tensors).length)
        ;({ params, state } = next)
      }
      const values = Object.entries({ ...params, ...state.tensors }).map(
        async ([name, tensor]) => [name, [...(await toHost(tensor)).data]] as const,
      )
      return { state, values: Object.fromEntries(await Promise.all(values)) as Record<string, number[]> }
    }
    // torch.optim skips what has no grad and counts each parameter's steps: b begins as a fresh optimizer would.
    const together = await after(['a', 'b'], [['a'], ['a'], ['a', 'b'], ['a'], ['b', 'a']])
    const alone = {
      ...(await after(['a'], [['a'], ['a'], ['a'], ['a'], ['a']])).values,
      ...(await after(['b'], [['b'], ['b']])).values,
    }
    for (const [name, values] of Object.entries(alone)) {
      if (!name.startsWith('average.')) expect(together.values[name], name).toEqual(values)
    }
    expect([together.state.step, together.state.missed]).toEqual([5, { b: 3 }])
    const never = await after(['a', 'b'], [['a'], ['a']])
    expect(never.values['b']).toEqual([...(await toHost(start()['b'] as Tensor)).data])
  })

  test('refuses gradients that do not fit', () => {
    const params = start()
    const optimizer = sgd()
    const state = optimizer.init(params)
    const { a, b } = params as { a: Tensor; b: Tensor }
    expect(() => optimizer.update({}, state, params)).toThrow('expected a gradient of at least one parameter, got none')
    expect(() => optimizer.update({ a, c: b }, state, params)).toThrow(
      "there is a gradient for 'c', which is no parameter. They are a, b.",
    )
    expect(() => optimizer.update({ a: b, b }, state, params)).toThrow(
      "'a': expected a gradient of shape [3], got [2,3]",
    )
    disposeAll(params)
  })

  test.each<[string, () => unknown]>([
    ['learningRate', () => adam({ learningRate: -1 })],
    ['learningRate', () => sgd({ learningRate: Number.NaN })],
    ['beta1', () => adam({ beta1: 1 })],
    ['beta2', () => adamW({ beta2: -0.1 })],
    ['eps', () => adam({ eps: -1 })],
    ['weightDecay', () => adamW({ weightDecay: Infinity })],
    ['momentum', () => sgd({ momentum: -0.9 })],
    ['nesterov', () => sgd({ nesterov: true })],
    ['nesterov', () => sgd({ nesterov: true, momentum: 0.9, dampening: 0.1 })],
    ['maxNorm', () => clipByGlobalNorm(0)],
  ])('refuses a bad %s', (option, create) => {
    expect(create).toThrow(RangeError)
    expect(create).toThrow(option)
  })
})
