import { add, dispose, memory, mul, sign, type Tensor, tensor, toHost, zeros } from '@ddnet/ops'
import { observeKernels } from '@ddnet/ops/kernels'
import { describeBackends, expectClose, operatorFixtures, useBackend } from '@ddnet/testing'
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
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
  type GradientTransformation,
  initState,
  layerDecay,
  lookahead,
  momentum,
  type Optimizer,
  type OptimizerState,
  partition,
  perParameter,
  scaleByAdam,
  scaleByLearningRate,
  scaleRates,
  sgd,
  type Tensors,
} from './index.ts'

const cases = operatorFixtures('optimizerChains')
const byName = (path: string) => (path === 'a' ? 'a' : 'b')
const byFirst = { layerOf: (path: string) => path.slice(0, 1) }
const twoRates = () =>
  partition(byName, {
    a: adamW({ learningRate: 0.1, weightDecay: 0.1 }),
    b: adamW({ learningRate: 0.01, weightDecay: 0.1 }),
  })
const weightsOnly = { mask: (_: string, { rank }: Tensor) => rank > 1 }

/** Changes nothing, but stands between the parts that a kernel would compute together. */
const wedge: GradientTransformation = { name: 'wedge', update: (updates) => ({ updates }) }

/** The fixtures' cases in our words. */
const optimizers: Readonly<Record<string, () => Optimizer>> = {
  'two rates': twoRates,
  'two optimizers': () =>
    partition(byName, { a: adam({ learningRate: 0.1 }), b: sgd({ learningRate: 0.001, momentum: 0.9 }) }),
  'adamW decays weights only': () => adamW({ learningRate: 0.1, weightDecay: 0.3, ...weightsOnly }),
  'adam decays weights only': () => adam({ learningRate: 0.1, weightDecay: 0.3, ...weightsOnly }),
  'sgd decays weights only': () =>
    sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.3, ...weightsOnly }),
  'clipped over both groups': () =>
    chain(clipByGlobalNorm(1), partition(byName, { a: sgd({ learningRate: 0.1 }), b: sgd({ learningRate: 0.01 }) })),
  'clipped by value': () => chain(clipByValue(0.5), sgd({ learningRate: 0.1, momentum: 0.9 })),
  'a is frozen': () => chain(clipByGlobalNorm(1), adamW({ learningRate: 0.1, weightDecay: 0.1 })),
  'late adamW': () => adamW({ learningRate: 0.1, weightDecay: 0.1 }),
  'late sgd': () => sgd({ learningRate: 0.01, momentum: 0.9, dampening: 0.5 }),
  'late groups': () => chain(clipByGlobalNorm(1), twoRates()),
  averaged: () => chain(adam({ learningRate: 0.1 }), ema(0.9)),
  'averaged late groups': () => chain(clipByGlobalNorm(1), twoRates(), ema(0.6)),
  // `a` and `b` are the first two layers of three.
  'layer-wise decay': () =>
    chain(
      adamW({ learningRate: 0.1, weightDecay: 0.1 }),
      layerDecay(['a.0.weight', 'b.0.weight', 'c.0.weight'], 0.5, byFirst),
    ),
  lookahead: () => lookahead(adam({ learningRate: 0.1 }), { every: 5, alpha: 0.5 }),
  'lookahead of sgd': () => lookahead(sgd({ learningRate: 0.01, momentum: 0.9 }), { every: 3, alpha: 0.8 }),
}
/** The same with no kernel for the whole: each part by itself. */
const unfused: Readonly<Record<string, () => Optimizer>> = {
  'adamW decays weights only': () =>
    chain(scaleByAdam(), wedge, decayWeights(0.3, weightsOnly), wedge, scaleByLearningRate(0.1), wedge),
  'adam decays weights only': () =>
    chain(decayWeights(0.3, weightsOnly), wedge, scaleByAdam(), wedge, scaleByLearningRate(0.1)),
  'late sgd': () => chain(momentum(0.9, { dampening: 0.5 }), wedge, scaleByLearningRate(0.01)),
  'layer-wise decay': () =>
    chain(adamW({ learningRate: 0.1, weightDecay: 0.1 }), wedge, layerDecay(['a', 'b', 'c'], 0.5, byFirst)),
  lookahead: () => chain(lookahead(chain(scaleByAdam(), wedge, scaleByLearningRate(0.1))), wedge),
  'late groups': () => chain(clipByGlobalNorm(1), twoRates(), wedge),
  'averaged late groups': () => chain(ema(0.6), clipByGlobalNorm(1), wedge, twoRates()),
}

/** Parameters of these names and shapes, drawn once. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  weight: [3, 4],
  bias: [4],
  'head.weight': [4, 2],
  'head.bias': [2],
}
const drawn = (seed: number): Tensors =>
  Object.fromEntries(
    Object.entries(shapes).map(([path, shape], index) => {
      const size = shape.reduce((product, each) => product * each, 1)
      return [
        path,
        tensor(
          Array.from({ length: size }, (_, at) => Math.sin(seed + 3 * index + 1.7 * at)),
          [...shape],
        ),
      ]
    }),
  )
const disposeAll = (...records: Tensors[]) => dispose(records.flatMap((each) => Object.values(each)))

/** Parameters and state after some steps; the same gradients for every optimizer. */
function descend(optimizer: Optimizer, steps: number) {
  let params = drawn(0)
  let state = initState(optimizer, params)
  for (let step = 0; step < steps; step++) {
    const grads = drawn(step + 1)
    const next = applyGradients(optimizer, grads, state, params)
    disposeAll(params, grads, state.tensors)
    ;({ params, state } = next)
  }
  return { params, state }
}

/** The kernels of an update that is not the first, in order. */
function kernelsOf(optimizer: Optimizer): string[] {
  const { params, state } = descend(optimizer, 1)
  const grads = drawn(2)
  const names: string[] = []
  let depth = 0
  const stop = observeKernels(({ kernelName }) => {
    if (depth++ === 0 && kernelName !== 'Identity') names.push(kernelName)
    return () => void depth--
  })
  const next = applyGradients(optimizer, grads, state, params)
  stop()
  disposeAll(params, state.tensors, grads, next.params, next.state.tensors)
  return names
}

/** The cases of what has a row in docs/optimizers.md. */
const tabled: Readonly<Partial<Record<Referenced, readonly string[]>>> = {
  partition: ['two rates', 'two optimizers', 'late groups'],
  ema: ['averaged', 'averaged late groups'],
  lookahead: ['lookahead', 'lookahead of sgd'],
  scaleRates: ['layer-wise decay'],
}

describeBackends('chain', (backend) => {
  const differences = new Map<string, number>()
  test.each(cases)('equals the reference: $name', async (fixture) => {
    const { difference } = await expectReferenceSteps(fixture, (optimizers[fixture.name] as () => Optimizer)())
    differences.set(fixture.name, difference)
  })

  test.each(Object.entries(tabled))('%s has its row in docs/optimizers.md', (name, own) => {
    const found = own.map((each) => differences.get(each) ?? Number.NaN)
    expectInTable(name as Referenced, backend, { cases: own.length, difference: Math.max(...found) })
  })

  test.each(cases.filter(({ name }) => unfused[name] !== undefined))(
    'equals PyTorch part by part: $name',
    async (fixture) => {
      await expectReferenceSteps(fixture, (unfused[fixture.name] as () => Optimizer)())
    },
  )

  test('part by part is the kernel to the last bits of five steps', async () => {
    const before = memory().numTensors
    const decay = { learningRate: 0.01, weightDecay: 0.1 }
    const fused = descend(adamW(decay), 5)
    const parts = descend(chain(scaleByAdam(), wedge, decayWeights(0.1), wedge, scaleByLearningRate(0.01), wedge), 5)
    for (const [path, expected] of Object.entries(fused.params)) {
      const [actual, wanted] = [parts.params[path] as Tensor, expected]
      expectClose((await actual.data()) as Float32Array, (await wanted.data()) as Float32Array, 3.6e-7, path)
    }
    disposeAll(fused.params, fused.state.tensors, parts.params, parts.state.tensors)
    expect(memory().numTensors).toBe(before)
  })

  test.each<[string, Optimizer, string[]]>([
    ['adam', adam(), ['adamUpdates']],
    ['adam with L2', adam({ weightDecay: 0.1 }), ['adamUpdates']],
    ['adamW', adamW(), ['adamUpdates']],
    ['adamW of the weights alone: one call a decay', adamW(weightsOnly), ['adamUpdates', 'adamUpdates']],
    ['sgd', sgd({ weightDecay: 0.1 }), ['sgdUpdates']],
    ['sgd with momentum', sgd({ momentum: 0.9, nesterov: true, weightDecay: 0.1 }), ['sgdUpdates']],
    ['a chain of chains', chain(chain(wedge, chain(adamW()))), ['adamUpdates']],
    [
      'groups: one call each',
      partition((path) => (path.startsWith('head.') ? 'head' : 'body'), { head: adamW(), body: sgd() }),
      ['adamUpdates', 'sgdUpdates'],
    ],
    [
      'rates by group: one call a rate',
      chain(
        adamW(),
        scaleRates((path) => (path.startsWith('head.') ? 1 : 0.1)),
        scaleRates(() => 0.5),
      ),
      ['adamUpdates', 'adamUpdates'],
    ],
    [
      'rates that are all the same',
      chain(
        sgd(),
        scaleRates(() => 0.5),
      ),
      ['sgdUpdates'],
    ],
    ['lookahead between its steps', lookahead(adamW()), ['adamUpdates']],
    ['what has no kernel of its own ends in one', chain(wedge, scaleByLearningRate(1)), ['sgdUpdates']],
  ])('%s is one kernel for all parameters', (_, optimizer, kernels) => {
    expect(kernelsOf(optimizer)).toEqual(kernels)
  })
})

describe('a chain', () => {
  beforeAll(() => useBackend('cpu'))

  const namesOf = (optimizer: Optimizer) => {
    const params: Tensors = { weight: zeros([2]), 'head.weight': zeros([2]) }
    const { tensors } = initState(optimizer, params)
    disposeAll(params, tensors)
    return Object.keys(tensors)
  }

  test('names the state after its parts', () => {
    expect(namesOf(chain(clipByGlobalNorm(1), chain(adamW()), ema()))).toEqual([
      'adam.m.weight',
      'adam.v.weight',
      'adam.m.head.weight',
      'adam.v.head.weight',
      'ema.average.weight',
      'ema.average.head.weight',
    ])
    const head = (path: string) => (path.startsWith('head.') ? 'head' : 'body')
    expect(namesOf(partition(head, { body: sgd({ momentum: 0.9 }), head: sgd({ momentum: 0.5 }) }))).toEqual([
      'partition.body.momentum.velocity.weight',
      'partition.head.momentum.velocity.head.weight',
    ])
  })

  test('tells two parts of one name apart, once one is renamed', () => {
    expect(() => namesOf(chain(momentum(), momentum(0.5), scaleByLearningRate(1)))).toThrow(
      "chain: two parts called 'momentum' keep a state. Give one of them another name: { ...part, name: 'momentum2' }.",
    )
    const renamed = { ...momentum(0.5), name: 'momentum2' }
    expect(namesOf(chain(momentum(), renamed, scaleByLearningRate(1)))).toContain('momentum2.velocity.weight')
    expect(() => namesOf(chain({ ...momentum(), name: 'my.own' }, scaleByLearningRate(1)))).toThrow(
      "no dots, got 'my.own'",
    )
  })

  test('has the learning rate of its only part with one', () => {
    expect(chain(clipByGlobalNorm(1), sgd({ learningRate: (step) => step / 2 }), ema()).learningRate(3)).toBe(1.5)
    expect(twoRates().learningRate(0)).toBe(0.1) // the first group's
    expect(() => chain(adam(), sgd())).toThrow(
      'chain: expected one learning rate, got 2, of learningRate and learningRate. To give groups of parameters optimizers of their own, take partition(…).',
    )
  })

  test('without a learning rate is not an optimizer: it would climb', () => {
    const climbing = chain(clipByGlobalNorm(1), scaleByAdam())
    expectTypeOf(climbing).toEqualTypeOf<GradientTransformation>()
    expectTypeOf(chain(climbing, scaleByLearningRate(1))).toEqualTypeOf<Optimizer>()
    expectTypeOf(twoRates()).toEqualTypeOf<Optimizer>()
    expectTypeOf(partition(byName, { a: wedge, b: wedge })).toEqualTypeOf<GradientTransformation>()
    // @ts-expect-error: no learning rate
    expect(() => initState(climbing, {})).toThrow(
      'optimizer: expected a learning rate, got clipByGlobalNorm, adam without one, which would climb. End it with scaleByLearningRate(1e-3), or with an optimizer such as adam(…).',
    )
    // @ts-expect-error: no learning rate
    expect(() => initState(chain(), {})).toThrow('got an empty chain without one')
    expect(() => partition(byName, { a: sgd(), b: wedge })).toThrow(
      "partition: expected a learning rate in each group, got none in b. To leave parameters as they are, freeze them: model.freeze('backbone').",
    )
  })

  test('a group that is none is told', () => {
    // @ts-expect-error: no group
    const lost = partition((path) => path, { weight: sgd() })
    expect(() => namesOf(lost)).toThrow(
      "partition: 'head.weight' is in the group 'head.weight'. The groups are weight.",
    )
    expect(() => partition(() => 'a.b', { 'a.b': sgd() })).toThrow(
      "partition: expected names of groups without dots, got 'a.b'.",
    )
  })

  test('takes parts that users write: Lion', async () => {
    const lion = perParameter({
      name: 'lion',
      slots: ['m'],
      update: ({ update: g, state: { m } }) => ({
        update: sign(add(mul(0.9, m), mul(0.1, g))),
        state: { m: add(mul(0.99, m), mul(0.01, g)) },
      }),
    })
    const optimizer = chain(lion, decayWeights(0.5), scaleByLearningRate(0.1))
    let params: Tensors = { x: tensor([1, -2]) }
    let state = initState(optimizer, params)
    ;({ params, state } = applyGradients(optimizer, { x: tensor([3, -4]) }, state, params))
    // θ − η(sign(0.1 g) + λθ): 1 − 0.1 · (1 + 0.5) and −2 − 0.1 · (−1 − 1); then m = 0.01 g, and sign(0.9 m + 0.1 g)
    ;({ params, state } = applyGradients(optimizer, { x: tensor([-0.1, 8]) }, state, params))
    const values = async (x: Tensor | undefined) => (await toHost(x as Tensor)).data as Float32Array
    expectClose(await values(params['x']), [0.85 - 0.1 * (1 + 0.425), -1.8 - 0.1 * (1 - 0.9)], 1e-6)
    expectClose(await values(state.tensors['lion.m.x']), [0.99 * 0.03 - 0.001, 0.99 * -0.04 + 0.08], 1e-6)
  })

  test('clips a group by its own norm inside of it, and all by theirs before it', async () => {
    const descent = sgd({ learningRate: 1 })
    const step = async (optimizer: Optimizer) => {
      const params: Tensors = { a: tensor([0]), b: tensor([0]) }
      const next = applyGradients(optimizer, { a: tensor([3]), b: tensor([4]) }, initState(optimizer, params), params)
      return [...((await next.params['a']?.data()) ?? []), ...((await next.params['b']?.data()) ?? [])]
    }
    const all = await step(chain(clipByGlobalNorm(1), partition(byName, { a: descent, b: descent })))
    expectClose(all, [-3 / 5, -4 / 5], 1e-6)
    const own = await step(partition(byName, { a: chain(clipByGlobalNorm(1), descent), b: descent }))
    expectClose(own, [-1, -4], 1e-6)
  })

  test('makes the state of a parameter that was frozen when it has its first gradient', async () => {
    const optimizer = chain(adamW({ learningRate: 0.1 }), ema(0.5))
    const all = (): Tensors => ({ a: tensor([1, 2]), b: tensor([3]) })
    const grads = (...paths: string[]) =>
      Object.fromEntries(Object.entries(all()).filter(([path]) => paths.includes(path)))
    const after = async (begin: (params: Tensors) => OptimizerState) => {
      let params = all()
      let state = begin(params)
      for (const paths of [['a'], ['a'], ['a', 'b'], ['b']]) {
        ;({ params, state } = applyGradients(optimizer, grads(...paths), state, params))
      }
      const values = Object.entries({ ...params, ...state.tensors }).map(
        async ([name, value]) => [name, [...(await value.data())]] as const,
      )
      return { missed: state.missed, values: Object.fromEntries(await Promise.all(values)) }
    }
    const late = await after(({ a }) => initState(optimizer, { a: a as Tensor }))
    const whole = await after((params) => initState(optimizer, params))
    expect(late).toEqual(whole)
  })

  test('tells a part how many updates its parameter had, and how many there were', () => {
    const seen: [string, number, number][] = []
    const counting: GradientTransformation = {
      name: 'counting',
      update: (updates, _, __, { step, stepOf }) => {
        for (const path of Object.keys(updates)) seen.push([path, step, stepOf(path)])
        return { updates }
      },
    }
    const optimizer = chain(counting, sgd())
    let params: Tensors = { a: zeros([1]), b: zeros([1]) }
    let state = initState(optimizer, params)
    for (const paths of [['a'], ['a', 'b'], ['b']]) {
      const grads = Object.fromEntries(paths.map((path) => [path, zeros([1])]))
      ;({ params, state } = applyGradients(optimizer, grads, state, params))
    }
    expect(seen).toEqual([
      ['a', 0, 1],
      ['a', 1, 2],
      ['b', 1, 1],
      ['b', 2, 2],
    ])
  })

  test('keeps what a part does not return, and owns all that it returns', async () => {
    const first: GradientTransformation = {
      name: 'first',
      init: (params) =>
        Object.fromEntries(Object.entries(params).map(([path, value]) => [`gradient.${path}`, mul(value, 0)])),
      // The gradients themselves, in the first step alone.
      update: (updates, _, __, { step }) => ({
        updates,
        state:
          step > 0 ? {} : Object.fromEntries(Object.entries(updates).map(([path, each]) => [`gradient.${path}`, each])),
      }),
    }
    const { params, state } = descend(chain(first, sgd()), 3)
    const expected = drawn(1)
    expect(await state.tensors['first.gradient.bias']?.data()).toEqual(await expected['bias']?.data())
    disposeAll(params, state.tensors, expected)
    const forgetful = { ...first, init: () => ({}) }
    expect(() => descend(chain(forgetful, sgd()), 1)).toThrow(
      "optimizer: an update returned 'first.gradient.weight' of the state, which init did not make. Make it there, too.",
    )
  })
})
