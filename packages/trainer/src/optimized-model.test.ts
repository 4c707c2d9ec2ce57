import { readFileSync } from 'node:fs'
import { decodeSafetensors } from '@ddnet/formats'
import { dispose, type HostTensor, memory, tensor, toHost } from '@ddnet/ops'
import { adamW, chain, clipByGlobalNorm, ema, type Optimizer, partition, sgd, type Tensors } from '@ddnet/optimizers'
import { defined, useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { tinyNet } from '../test/tiny.ts'
import { OptimizedModel } from './optimized-model.ts'

beforeAll(() => useBackend('cpu'))

/** The gradients of one of the steps that wrote the files. */
const gradientsOf = (values: Tensors, step: number): Tensors =>
  Object.fromEntries(
    Object.entries(values).map(([name, { shape, size }]) => {
      const numbers = Array.from({ length: size }, (_, at) => Math.fround(((at * 7 + step * 3) % 11) / 10 - 0.5))
      return [name, tensor(numbers, shape)]
    }),
  )

type Files = Readonly<Record<string, HostTensor>>
const file = (path: string): Files =>
  decodeSafetensors(readFileSync(new URL(`../test/former-optimizers/${path}.safetensors`, import.meta.url))).tensors

/** Three updates were done, of which the second had no gradient of two parameters. */
const before: [folder: string, optimizer: Optimizer][] = [
  ['adamW', chain(clipByGlobalNorm(1), adamW({ learningRate: 0.05, weightDecay: 0.1 }), ema(0.75))],
  ['sgd', sgd({ learningRate: 0.1, momentum: 0.9, dampening: 0.5 })],
]

test.each(before)('goes on from a state with the names of before chains: %s', async (folder, optimizer) => {
  const tensors = file(`${folder}/optimizer`)
  expect(Object.keys(tensors).some((name) => /^(m|v|velocity)\./.test(name))).toBe(true)
  const saved = { model: file(`${folder}/model`), optimizer: { step: 3, tensors } }
  const trained = new OptimizedModel(tinyNet(), optimizer, saved)
  const grads = gradientsOf(trained.values(), 3)
  trained.update(grads)
  dispose(Object.values(grads))
  const next = await trained.save()
  expect(next.model).toEqual(file(`${folder}/next-model`))
  // The same numbers under today's names.
  const sorted = (values: Files) =>
    Object.values(values)
      .map(({ shape, data }) => `${shape} ${data}`)
      .sort()
  expect(sorted(next.optimizer.tensors)).toEqual(sorted(file(`${folder}/next-optimizer`)))
  expect(Object.keys(next.optimizer.tensors)).not.toContainEqual(expect.stringMatching(/^(m|v|velocity)\./))
  const again = new OptimizedModel(tinyNet(), optimizer, next)
  expect((await again.save()).optimizer).toEqual(next.optimizer)
})

const inHead = (path: string): boolean => path.startsWith('output.')
const rates = { head: sgd({ learningRate: 0.5, momentum: 0.9 }), body: chain(adamW({ learningRate: 0.01 }), ema(0.5)) }
const grouped: [name: string, optimizer: Optimizer, frozen: string[]][] = [
  ['groups, of which one is averaged', partition((path) => (inHead(path) ? 'head' : 'body'), rates), []],
  ['frozen parameters', chain(adamW({ learningRate: 0.1 }), ema(0.5)), ['hidden', 'norm']],
]

test.each(grouped)('saves and restores %s, to the bit', async (_, optimizer, frozen) => {
  const { numTensors } = memory()
  const update = (trained: OptimizedModel, steps: readonly number[]) => {
    for (const step of steps) {
      const learnt = [...trained.model.parameters()].flatMap(([name, each]) =>
        each.frozen ? [] : [[name, each.value]],
      )
      const grads = gradientsOf(Object.fromEntries(learnt), step)
      trained.update(grads)
      dispose(Object.values(grads))
    }
  }
  const create = (seed: number) => {
    const model = tinyNet(seed)
    if (frozen.length > 0) model.freeze(...frozen)
    return model
  }
  const model = create(0)
  const whole = new OptimizedModel(model, optimizer)
  update(whole, [0, 1])
  const saved = await whole.save()
  update(whole, [2])
  const resumed = new OptimizedModel(create(1), optimizer, saved)
  expect(resumed.learningRate).toBe(whole.learningRate)
  update(resumed, [2])
  expect(await resumed.save()).toEqual(await whole.save())
  // What is frozen has no state.
  const ofFrozen = Object.keys(saved.optimizer.tensors).filter((name) =>
    frozen.some((module) => name.includes(`.${module}.`)),
  )
  expect(ofFrozen.filter((name) => !name.startsWith('missed.'))).toEqual([])
  // What is averaged is measured by its average, the rest as it is.
  const [hidden, output] = ['hidden.weight', 'output.weight'].map((name) => model.parameters().get(name)?.value)
  const trainedWeights = await Promise.all(
    [hidden, output].map(async (each) => [...(await toHost(defined(each))).data]),
  )
  const measured = await whole.evaluated(async () =>
    Promise.all(
      ['hidden.weight', 'output.weight'].map(async (name) => [
        ...((await model.parameters().get(name)?.value.data()) ?? []),
      ]),
    ),
  )
  expect(measured.map((each, at) => each.join() === trainedWeights[at]?.join())).toEqual(
    optimizer.name === 'partition' ? [false, true] : [true, false],
  )
  for (const each of [whole, resumed]) {
    each.model.dispose()
    each.dispose()
  }
  expect(memory().numTensors).toBe(numTensors)
})

test('goes on with parameters that are no longer frozen, also from a file without a state of them', async () => {
  const optimizer = chain(adamW({ learningRate: 0.1 }), ema(0.5))
  const step = (trained: OptimizedModel, names: readonly string[]) => {
    const values = Object.entries(trained.values()).filter(([name]) => names.some((each) => name.startsWith(each)))
    const grads = gradientsOf(Object.fromEntries(values), 0)
    trained.update(grads)
    dispose(Object.values(grads))
  }
  const model = tinyNet()
  model.freeze('hidden')
  const whole = new OptimizedModel(model, optimizer)
  step(whole, ['norm', 'output'])
  const saved = await whole.save()
  model.unfreeze('hidden')
  const resumed = new OptimizedModel(tinyNet(1), optimizer, saved)
  for (const each of [whole, resumed]) step(each, ['hidden', 'norm', 'output'])
  const later = await whole.save()
  expect(Object.keys(later.optimizer.tensors)).toContain('adam.m.hidden.weight')
  expect(await resumed.save()).toEqual(later)
  const { 'adam.m.norm.weight': gone, ...tensors } = later.optimizer.tensors
  expect(gone?.shape).toEqual([8])
  expect(() => new OptimizedModel(tinyNet(), optimizer, { ...later, optimizer: { step: 2, tensors } })).toThrow(
    'resume: the saved state does not fit this optimizer: missing adam.m.norm.weight.',
  )
})
