import { type ModuleOf, valueAndGrad } from '@ddnet/layers'
import { dispose, engine, memory, reshape, type Scalar, softmaxCrossEntropy, type Tensor } from '@ddnet/ops'
import { describeBackends, entryOf, itemAt, lastItem } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { type Comparison, families } from './families.ts'
import { countsOf, filled, images, integers, Reference } from './reference.ts'
import { expectInTable } from './table.ts'

/** PyTorch's, by fixtures/make_models.py. */
const expected = new Reference('models')
const { counts } = expected

const parametersOf = (family: (typeof families)[number]): number[] =>
  Object.keys(family.variants).map((name) => entryOf(counts, name).parameters)

describe('at full size, on shapes alone,', () => {
  test.each(families.flatMap(({ variants }) => Object.entries(variants)))(
    '%s has PyTorch’s names, shapes, parameters and multiply-adds, and allocates nothing',
    (name, { make, input }) => {
      const before = engine().state.numTensors
      expect(countsOf(make(), input)).toEqual(counts[name])
      expect(engine().state.numTensors).toBe(before)
    },
  )

  test.each([
    ['resnet20', 0.27],
    ['resnet32', 0.46],
    ['resnet56', 0.85],
    ['densenetBC', 0.8],
  ])('%s has the %s million parameters of its paper', (name, millions) => {
    const digits = String(millions).split('.')[1]?.length ?? 0
    expect((entryOf(counts, name).parameters / 1e6).toFixed(digits)).toBe(millions.toFixed(digits))
  })
})

const crossEntropyOf = (logits: Tensor, labels: Tensor): Scalar =>
  softmaxCrossEntropy(reshape(logits, [-1, lastItem(logits.shape)]), reshape(labels, [-1]))

describeBackends('with PyTorch’s weights', (backend) => {
  /** The largest errors of each family so far. */
  const found = new Map<string, { logits: number; gradients: number; cases: number }>()

  async function compare({ name, make, images: shape }: Comparison): Promise<{ logits: number; gradients: number }> {
    const model: ModuleOf = await filled(make())
    const x = images(`${name}.images`, shape)
    const before = memory().numTensors
    const logits = model.predict(x)
    const labels =
      logits.rank === 2
        ? integers(`${name}.labels`, [itemAt(shape, 0)], 10)
        : integers(`${name}.labels`, shape.slice(0, 3), 4)
    const offBy = await expected.expectLogits(name, logits)
    const { updates, loss, grads } = valueAndGrad(model, () => ({ loss: crossEntropyOf(model.forward(x), labels) }))
    const gradients = await expected.expectGradients(name, model, { loss, grads })
    updates.discard()
    dispose([logits, labels, loss, ...Object.values(grads)])
    expect(memory().numTensors, 'tensors left behind').toBe(before)
    model.dispose()
    x.dispose()
    return { logits: offBy, gradients }
  }

  test.each(families.flatMap(({ name, compared }) => compared.map((each) => [each.name, name, each] as const)))(
    '%s has PyTorch’s logits, loss and gradients',
    async (_, family, each) => {
      const { logits, gradients } = await compare(each)
      const { logits: most = 0, gradients: worst = 0, cases = 0 } = found.get(family) ?? {}
      found.set(family, {
        logits: Math.max(most, logits),
        gradients: Math.max(worst, gradients),
        cases: cases + 1,
      })
    },
  )

  test.each(families)('docs/models.md says so of $name', (family) => {
    const { cases, ...largest } = entryOf(Object.fromEntries(found), family.name)
    // Where a case has failed, or only some were run, there is nothing to tell.
    expect(cases, 'networks that agreed').toBe(family.compared.length)
    expectInTable(backend, {
      model: family.name,
      variants: Object.keys(family.variants).join(', '),
      parameters: parametersOf(family)
        .map((count) => count.toLocaleString('en'))
        .join('; '),
      source: family.source,
      cases: family.compared.length,
      ...largest,
    })
  })
})
