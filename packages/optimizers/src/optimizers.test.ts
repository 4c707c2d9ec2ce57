import { memory, type Tensor, tidy, toHost } from '@ddnet/ops'
import { describeBackends, entryOf, expectTensorClose, operatorFixtures, upload, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectReferenceSteps } from '../test/descend.ts'
import { expectInTable, type Referenced } from '../test/optimizer-table.ts'
import {
  adam,
  adamW,
  applyGradients,
  chain,
  clipByGlobalNorm,
  clipByValue,
  decayWeights,
  ema,
  globalNorm,
  initState,
  layerDecay,
  lion,
  lookahead,
  momentum,
  muon,
  type Optimizer,
  partition,
  rmsProp,
  scaleByAdam,
  scaleByLearningRate,
  scaleByLion,
  scaleByMuon,
  scaleByRms,
  scaleRates,
  sgd,
  type Tensors,
} from './index.ts'

type Row = { name: Referenced; create: (options: never) => Optimizer }
const rows: Row[] = [
  { name: 'adam', create: adam },
  { name: 'adamW', create: adamW },
  { name: 'sgd', create: sgd },
  { name: 'rmsProp', create: rmsProp },
  { name: 'lion', create: lion },
  { name: 'muon', create: muon },
]
const cases = [...operatorFixtures('optimizers'), ...operatorFixtures('muon')]
const parameters = ['a', 'b']

/** The optimizer of a fixture: a list of rates is a schedule. */
function createFor(row: Row, options: Record<string, unknown>): Optimizer {
  const rates = options.learningRate
  const learningRate = Array.isArray(rates) ? (step: number) => rates[step] as number : rates
  return row.create({ ...options, learningRate } as never)
}

/** What the first update of a parameter is told. */
const firstStep = { step: 0, stepOf: () => 1 }

const disposeAll = (...records: Tensors[]) => {
  for (const record of records) for (const tensor of Object.values(record)) tensor.dispose()
}

describeBackends('optimizers', (backend) => {
  describe.each(rows)('$name', (row) => {
    const own = cases.filter((each) => each.name.startsWith(`${row.name} `))
    const differences: number[] = []

    test.each(own)('takes the steps of the reference: $name', async (fixture) => {
      const optimizer = createFor(row, fixture.options)
      differences.push((await expectReferenceSteps(fixture, optimizer)).difference)
    })

    test('has its row in docs/optimizers.md', () => {
      expectInTable(row.name, backend, { cases: differences.length, difference: Math.max(...differences) })
    })
  })

  test.each(operatorFixtures('clipByGlobalNorm'))(
    'clipByGlobalNorm equals torch: $name',
    async ({ options, tensors }) => {
      const grads = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, upload(entryOf(tensors, name))]))
      const clipped = tidy(
        () => clipByGlobalNorm(options['maxNorm']).update?.(grads, {}, grads, firstStep)?.updates ?? {},
      )
      for (const [name, gradient] of Object.entries(clipped)) {
        await expectTensorClose(gradient, entryOf(tensors, `${name}.clipped`), 1e-6, name)
      }
      const norm = globalNorm(grads)
      await expectTensorClose(norm, entryOf(tensors, 'norm'), 1e-6, 'norm')
      disposeAll(grads, clipped, { norm })
    },
  )
})

describe('every optimizer', () => {
  beforeAll(() => useBackend('cpu'))
  const example = operatorFixtures('optimizers')[0]?.tensors ?? {}
  const start = () => Object.fromEntries(parameters.map((name) => [name, upload(entryOf(example, name))]))

  test.each<[string, Optimizer]>([
    ['adam', adam()],
    ['adamW', adamW()],
    ['sgd', sgd()],
    ['sgd with momentum', sgd({ momentum: 0.9, weightDecay: 0.1 })],
    ['a chain', chain(clipByGlobalNorm(1), clipByGlobalNorm(2), sgd({ momentum: 0.9, nesterov: true }))],
    ['an average', chain(adam(), ema())],
    ['rmsProp', rmsProp({ centered: true, momentum: 0.9, weightDecay: 0.1 })],
    ['lion', lion({ weightDecay: 0.1 })],
    ['muon', muon()],
    ['lookahead between its steps', lookahead(adamW())],
    ['lookahead in its step', lookahead(adamW(), { every: 1 })],
    ['a part behind lookahead', chain(lookahead(adamW(), { every: 1 }), clipByValue(1e-4))],
    [
      'rates by group',
      chain(
        adamW(),
        scaleRates((path) => (path === 'a' ? 1 : 0.1)),
      ),
    ],
    ['groups', partition((path) => (path === 'a' ? 'a' : 'b'), { a: adamW(), b: sgd() })],
    ['a part behind the learning rate', chain(adamW(), clipByValue(1e-4))],
  ])('%s makes only what it returns, and leaves its arguments alone', async (_, optimizer) => {
    const params = start()
    const grads = start()
    const state = initState(optimizer, params)
    const before = memory().numTensors
    const next = applyGradients(optimizer, grads, state, params)
    expect(memory().numTensors - before).toBe(2 + Object.keys(state.tensors).length)
    expect(Object.keys(next.state.tensors)).toEqual(Object.keys(state.tensors))
    disposeAll(next.params, next.state.tensors)
    expect(memory().numTensors).toBe(before)
    await expectTensorClose(entryOf(params, 'a'), entryOf(example, 'a'), 0)
    disposeAll(params, grads, state.tensors)
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
    ['an average', chain(adam({ learningRate: 0.1, weightDecay: 0.1 }), ema(0.5))],
    ['rmsProp', rmsProp({ learningRate: 0.1, centered: true, momentum: 0.9, weightDecay: 0.1 })],
    ['lion', lion({ learningRate: 0.1, weightDecay: 0.1 })],
    ['muon', muon({ learningRate: 0.1 })],
    [
      'rates by group',
      chain(
        adamW({ learningRate: 0.1 }),
        scaleRates((path) => (path === 'a' ? 1 : 0.1)),
      ),
    ],
  ])('%s passes by a parameter without a gradient, whose updates are counted by themselves', async (_, optimizer) => {
    /** After as many updates as there are lists, each of the gradients of the parameters that it names. */
    const after = async (names: string[], withGradients: string[][]) => {
      let params: Tensors = Object.fromEntries(Object.entries(start()).filter(([name]) => names.includes(name)))
      let state = initState(optimizer, params)
      for (const given of withGradients) {
        const grads = Object.fromEntries(Object.entries(start()).filter(([name]) => given.includes(name)))
        const before = memory().numTensors
        const next = applyGradients(optimizer, grads, state, params)
        expect(memory().numTensors - before).toBe(names.length + Object.keys(state.tensors).length)
        ;({ params, state } = next)
      }
      const values = Object.entries({ ...params, ...state.tensors }).map(
        async ([name, tensor]) => [name, [...(await toHost(tensor)).data]] as const,
      )
      return { state, values: Object.fromEntries(await Promise.all(values)) }
    }
    // torch.optim skips what has no grad and counts each parameter's steps: b begins as a fresh optimizer would.
    const together = await after(['a', 'b'], [['a'], ['a'], ['a', 'b'], ['a'], ['b', 'a']])
    const alone = {
      ...(await after(['a'], [['a'], ['a'], ['a'], ['a'], ['a']])).values,
      ...(await after(['b'], [['b'], ['b']])).values,
    }
    for (const [name, values] of Object.entries(alone)) {
      if (!name.startsWith('ema.')) expect(together.values[name], name).toEqual(values)
    }
    expect([together.state.step, together.state.missed]).toEqual([5, { b: 3 }])
    const never = await after(['a', 'b'], [['a'], ['a']])
    expect(never.values['b']).toEqual([...(await toHost(start()['b'] as Tensor)).data])
  })

  test('refuses gradients that do not fit', () => {
    const params = start()
    const optimizer = sgd()
    const state = initState(optimizer, params)
    const { a, b } = params as { a: Tensor; b: Tensor }
    expect(() => applyGradients(optimizer, {}, state, params)).toThrow(
      'expected a gradient of at least one parameter, got none',
    )
    expect(() => applyGradients(optimizer, { a, c: b }, state, params)).toThrow(
      "there is a gradient for 'c', which is not a parameter. They are a, b.",
    )
    expect(() => applyGradients(optimizer, { a: b, b }, state, params)).toThrow(
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
    ['nesterov', () => momentum(0.9, { nesterov: true, dampening: 0.1 })],
    ['decay', () => momentum(0)],
    ['decay', () => ema(1)],
    ['weightDecay', () => decayWeights(-1)],
    ['learningRate', () => scaleByLearningRate(-1)],
    ['maxValue', () => clipByValue(0)],
    ['beta1', () => scaleByAdam({ beta1: 1 })],
    ['maxNorm', () => clipByGlobalNorm(0)],
    ['alpha', () => rmsProp({ alpha: 1 })],
    ['eps', () => scaleByRms({ eps: -1 })],
    ['momentum', () => rmsProp({ momentum: -1 })],
    ['weightDecay', () => rmsProp({ weightDecay: -1 })],
    ['beta2', () => lion({ beta2: 1 })],
    ['beta1', () => scaleByLion({ beta1: 1 })],
    ['momentum', () => muon({ momentum: 1 })],
    ['iterations', () => scaleByMuon({ iterations: 0 })],
    // @ts-expect-error a scale that there is not
    ['scale to be one of original, matchRmsAdamW, none', () => scaleByMuon({ scale: 'spectral' })],
    ['every', () => lookahead(sgd(), { every: 0 })],
    ['alpha', () => lookahead(sgd(), { alpha: 0 })],
    ['decay', () => layerDecay(['a'], 0)],
  ])('refuses a bad %s', (option, create) => {
    expect(create).toThrow(RangeError)
    expect(create).toThrow(option)
  })
})
