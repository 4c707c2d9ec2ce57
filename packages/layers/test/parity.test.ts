import {
  dispose,
  type HostTensor,
  keepAll,
  memory,
  onShapes,
  placeholder,
  random,
  type Tensor,
  tensor,
  tidy,
  toHost,
  valueAndGrads,
} from '@ddnet/ops'
import {
  type BackendName,
  describeBackends,
  entryOf,
  type FixtureTensor,
  itemAt,
  upload,
  useBackend,
} from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Module, MultiheadAttention, openPass, Parameter, Updates } from '../src/index.ts'
import { below, build, type LayerCase, layerCases, type Mode, stateOf } from './cases.ts'
import { expectInTable } from './table.ts'

const tolerance = 1e-5
const cases = layerCases()
const names = [...new Set(cases.map(({ layer }) => layer))]

/** Collects how far numbers are from PyTorch's. */
class Comparison {
  largest = 0
  readonly compared: Set<string> = new Set()

  /** @param what stands in the table */
  check(what: string, label: string, actual: HostTensor, expected: FixtureTensor): void {
    this.compared.add(what)
    expect(actual.shape, `${label}: shape`).toEqual(expected.shape)
    const found = Array.from(actual.data, Number)
    const scale = Math.max(1, ...Array.from(expected.data, Math.abs))
    for (const [at, value] of found.entries()) {
      const error = Math.abs(value - itemAt(expected.data, at)) / scale
      if (!(error <= tolerance)) expect.fail(`${label}[${at}]: got ${value}, expected ${expected.data[at]}`)
      this.largest = Math.max(this.largest, error)
    }
  }
}

type Forward = (...inputs: unknown[]) => Tensor | { values: Tensor; indices: Tensor }

/** The inputs behind the tensors: masks by name, or the size of an unpooling. */
function optionsOf({ call = {}, tensors }: LayerCase): Record<string, unknown> {
  const constant = (name: unknown): Tensor => {
    const { data, shape } = entryOf(tensors, `constant.${name}`)
    return tensor(data, shape, data instanceof Float32Array ? 'float32' : 'bool')
  }
  return Object.fromEntries(
    Object.entries(call).map(([name, value]) => [name, typeof value === 'string' ? constant(value) : value]),
  )
}

async function compare(each: LayerCase, module: Module, mode: Mode, comparison: Comparison): Promise<void> {
  const before = memory().numTensors
  const role = (name: string): FixtureTensor => entryOf(each.tensors, `${each.alike ? 'training' : mode}.${name}`)
  const inputs = Object.values(
    Object.fromEntries(Object.entries(each.tensors).filter(([name]) => /^x\d$/.test(name))),
  ).map(upload)
  const options = optionsOf(each)
  const behind = 'outputSize' in options ? [options['outputSize']] : [options]
  const padded = each.layer === 'MultiheadAttention' && inputs.length === 1 ? [inputs[0], inputs[0]] : []
  const run = (): Tensor | { values: Tensor; indices: Tensor } =>
    (module.forward as Forward)(...inputs, ...padded, ...(Object.keys(options).length > 0 ? behind : []))
  const valuesOf = (result: ReturnType<typeof run>): Tensor => ('values' in result ? result.values : result)

  const updates = new Updates()
  const parameters = [...module.parameters()]
  const differentiable = inputs.filter(({ dtype }) => dtype === 'float32')
  const seed = upload(role('dy'))
  const kept: Record<string, Tensor> = {}
  const { value, grads } = openPass(
    { training: mode === 'training', root: module, ...(mode === 'training' && { updates }) },
    () =>
      valueAndGrads(
        () => {
          const result = run()
          if ('indices' in result) Object.assign(kept, keepAll({ indices: result.indices }))
          return valuesOf(result)
        },
        [...differentiable, ...parameters.map(([, parameter]) => parameter.value)],
        seed,
      ),
  )
  const label = (what: string): string => `${mode}: ${what}`
  comparison.check(mode, label('y'), await toHost(value), role('y'))
  for (const [at] of differentiable.entries()) {
    const expected = role(`dx${inputs.indexOf(itemAt(differentiable, at))}`)
    comparison.check('gradients', label(`dx${at}`), await toHost(itemAt(grads, at)), expected)
  }
  for (const [at, [name, { shape, layout }]] of parameters.entries()) {
    // A parameter of the same layout knows how PyTorch would hold this.
    const gradient = new Parameter(shape, layout ? { layout } : {})
    gradient.assign(itemAt(grads, differentiable.length + at))
    comparison.check('gradients', label(name), await gradient.toTorch(), role(`grad.${name}`))
    gradient.dispose()
  }
  if (kept['indices']) {
    comparison.check('indices', label('indices'), await toHost(kept['indices']), role('indices'))
  }
  if (module instanceof MultiheadAttention) {
    const weights = tidy(() => module.weights(itemAt(inputs, 0), inputs[1] ?? itemAt(inputs, 0), options))
    comparison.check('weights', label('weights'), await toHost(weights), role('weights'))
    weights.dispose()
  }
  updates.commit()
  const given = Object.values(options).filter((option): option is Tensor => (option as Tensor).dataId !== undefined)
  dispose([...inputs, ...given, seed, value, ...Object.values(kept)])
  dispose(grads.slice(0, differentiable.length))
  expect(memory().numTensors, 'tensors left behind').toBe(before)
}

describeBackends('layers, beside PyTorch’s', (backend: BackendName) => {
  const comparisons = new Map(names.map((name) => [name, new Comparison()]))
  const done = new Map<string, number>()

  test.each(cases)('$name', async (each) => {
    const comparison = comparisons.get(each.layer) as Comparison
    const before = memory().numTensors
    const module = build(each.layer, each.args)
    const state = stateOf(below(each.tensors, 'before.'))
    module.loadStateDict(state) // strict: the names are PyTorch's
    if (Object.keys(state).length > 0) comparison.compared.add('state dict')
    for (const mode of each.modes) {
      await compare(each, module, mode, comparison)
      if (mode === 'inference') continue
      const after = await module.stateDict()
      for (const [name, expected] of Object.entries(below(each.tensors, 'after.'))) {
        comparison.check('buffers', `after training: ${name}`, after[name] as HostTensor, expected)
      }
    }
    module.dispose()
    expect(memory().numTensors, 'tensors left behind').toBe(before)
    done.set(each.layer, (done.get(each.layer) ?? 0) + 1)
  })

  test.each(names)('docs/layers.md says so of %s', (layer) => {
    const own = cases.filter((each) => each.layer === layer)
    // Where a case has failed, or only some were run, there is nothing to tell.
    expect(done.get(layer), 'cases that agreed').toBe(own.length)
    const { compared, largest } = comparisons.get(layer) as Comparison
    expectInTable(backend, { layer, torch: itemAt(own, 0).torch, cases: own.length, compared, largest })
  })
})

describe('on shapes alone', () => {
  beforeAll(() => useBackend('cpu'))

  // Summaries, memory estimates and the export stand on it.
  test.each(cases)('$name', (each) => {
    const inputs = Object.entries(each.tensors).filter(([name]) => /^x\d$/.test(name))
    const wanted = each.tensors[`${each.modes[0]}.y`]?.shape
    for (const training of [true, false]) {
      const module = build(each.layer, each.args)
      const key = random.key(1)
      const shape = onShapes(() => {
        const xs = inputs.map(([, { shape, dtype }]) => placeholder(shape, { dtype }))
        const size = each.call?.['outputSize']
        const run = () => (module.forward as Forward)(...xs, ...(size === undefined ? [] : [size]))
        const result = openPass({ training, root: module, key, updates: new Updates() }, run)
        return ('values' in result ? result.values : result).shape
      })
      expect(shape).toEqual(wanted)
    }
  })
})
