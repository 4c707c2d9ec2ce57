import { random } from '@ddnet/ops'
import { defined, entryOf, itemAt, jsonFixture, readTensors } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { boxesField, imageField, maskField } from '../fields.ts'
import { augMix, augMixSpace, type ChainStep, mixChains } from './aug-mix.ts'
import { augmentOperations, type Magnitudes, type OperationName } from './augment-operations.ts'
import { autoAugment, autoAugmentPolicies, autoAugmentSpace, randAugment } from './auto-augment.ts'
import { trivialAugmentSpace, trivialAugmentWide } from './trivial-augment-wide.ts'

// torchvision's policies, magnitudes and results: fixtures/augmentation.py.
interface Fixture {
  readonly size: readonly [height: number, width: number]
  readonly spaces: Readonly<Record<string, Readonly<Record<string, { magnitudes: number[] | null; signed: boolean }>>>>
  readonly policies: Readonly<Record<string, [string, number, number | null][][]>>
  readonly operations: readonly {
    readonly operation: OperationName
    readonly magnitude: number
    readonly interpolation: 'nearest' | 'bilinear'
    readonly result: string
  }[]
  readonly mixtures: readonly {
    readonly share: number
    readonly shares: readonly number[]
    readonly chains: readonly (readonly ChainStep[])[]
    readonly result: string
  }[]
}
const fixture = jsonFixture('augmentation.json') as Fixture
const tensors = readTensors('augmentation.safetensors')
const bytes = (name: string): Uint8Array => Uint8Array.from(defined(tensors[name]).data, Number)
const [height, width] = fixture.size
const sample = { image: imageField(bytes('image'), [height, width, 3]), label: 3 }

/** Within one of 255, and the same in 99 of 100: torchvision cuts sums of float32 down. */
function expectBytes(actual: ArrayLike<number>, expected: Uint8Array): void {
  const errors = Array.from(expected, (value, at) => Math.abs(value - itemAt(actual, at)))
  expect(Math.max(...errors)).toBeLessThanOrEqual(1)
  expect(errors.filter((error) => error > 0).length).toBeLessThanOrEqual(expected.length / 100)
}

test.each(fixture.operations)('$operation by $magnitude is torchvision’s, $interpolation', (each) => {
  const { operation, magnitude, interpolation, result } = each
  expectBytes(augmentOperations[operation](sample, magnitude, { interpolation, fill: null }).image.data, bytes(result))
})

describe.each<[string, readonly (readonly [string, Magnitudes])[], number]>([
  ['autoAugment', Object.entries(autoAugmentSpace).filter(([name]) => name !== 'identity'), 10],
  ['randAugment', Object.entries(autoAugmentSpace).filter(([name]) => name !== 'invert'), 31],
  ['trivialAugmentWide', trivialAugmentSpace, 31],
  ['augMix', augMixSpace, 10],
])('%s', (name, space, bins) => {
  test('has torchvision’s operations and magnitudes', () => {
    const theirs = entryOf(fixture.spaces, name)
    expect(space.map(([operation]) => operation).sort()).toEqual(Object.keys(theirs).sort())
    for (const [operation, { at, signed = false }] of space) {
      const expected = entryOf(theirs, operation)
      expect([operation, signed, at !== undefined]).toEqual([operation, expected.signed, expected.magnitudes !== null])
      for (const [bin, magnitude] of (expected.magnitudes ?? []).entries())
        expect(Math.abs((at?.(bin, bins - 1, fixture.size) ?? Number.NaN) - magnitude)).toBeLessThan(1e-5)
    }
  })
})

test('the policies of AutoAugment are torchvision’s', () => {
  const ours = Object.entries(autoAugmentPolicies).map(([name, pairs]) => [
    name,
    pairs.map((pair) => pair.map(([operation, probability, bin = null]) => [operation, probability, bin])),
  ])
  expect(Object.fromEntries(ours)).toEqual(fixture.policies)
})

test.each(fixture.mixtures)('the mixture $result is torchvision’s', ({ result, ...drawn }) => {
  expectBytes(mixChains(sample, drawn, { interpolation: 'bilinear', fill: null }).image.data, bytes(result))
})

const policies = {
  autoAugment: autoAugment({ policy: 'cifar10' }),
  randAugment: randAugment(),
  trivialAugmentWide: trivialAugmentWide(),
  augMix: augMix(),
}

describe.each(Object.entries(policies))('%s', (name, augment) => {
  test('draws by its key, and changes nothing but the image', () => {
    const results = Array.from({ length: 30 }, (_, seed) => augment(sample, { key: random.key(seed) }))
    for (const [seed, { image, label }] of results.entries()) {
      expect([image.shape, label]).toEqual([[height, width, 3], 3])
      expect(image.data).toBeInstanceOf(Uint8Array)
      expect(image.data).toEqual(augment(sample, { key: random.key(seed) }).image.data)
    }
    expect(new Set(results.map(({ image }) => image.data.join())).size).toBeGreaterThan(15)
    expect(sample.image.data).toEqual(bytes('image'))
  })

  test('takes bytes of one or three channels, and a key', () => {
    const floats = { image: imageField(new Float32Array(3), [1, 1, 3]) }
    expect(() => augment(floats, { key: random.key(1) })).toThrow(
      `${name}: expected an image of bytes, got floats. Put it before normalize.`,
    )
    const two = { image: imageField(new Uint8Array(2), [1, 1, 2]) }
    expect(() => augment(two, { key: random.key(1) })).toThrow(`${name}: expected an image of 1 or 3 channels, got 2`)
    expect(() => augment(sample, {})).toThrow(`${name}: needs a key`)
  })
})

test('a mask moves with its image, and has no mixture', () => {
  const gray = new Uint8Array(400)
  for (let y = 6; y < 14; y++) gray.fill(200, 20 * y + 6, 20 * y + 14)
  const masked = {
    image: imageField(gray, [20, 20, 1]),
    mask: maskField(
      gray.map((value) => (value > 0 ? 1 : 0)),
      [20, 20],
    ),
    boxes: boxesField(Float32Array.of(6, 6, 14, 14)),
  }
  const moved = augmentOperations.translateX(masked, 5, {})
  expect([...moved.boxes.data]).toEqual([11, 6, 19, 14])
  expect([...moved.mask.data]).toEqual(Array.from(moved.image.data, (value) => (value > 0 ? 1 : 0)))
  expect(() => augMix()(masked, { key: random.key(1) })).toThrow('augMix: mask has no mixture.')
})

test('a mixture is m · image + (1 − m) · Σ w · chain', () => {
  const white = { image: imageField(new Uint8Array(3).fill(255), [1, 1, 3]) }
  const inverted: ChainStep[] = [['invert', 0]]
  const { image } = mixChains(white, { share: 0.3, shares: [0.25, 0.75], chains: [inverted, []] }, {})
  expect([...image.data]).toEqual([210, 210, 210]) // 255 · (0.3 + 0.7 · 0.75) = 210.375, cut down
})

test.each([
  [
    () => autoAugment(JSON.parse('{ "policy": "mnist" }')),
    "expected policy to be one of imagenet, cifar10, svhn, got 'mnist'",
  ],
  [() => randAugment({ operations: 0 }), 'randAugment: expected operations to be a whole number from 1, got 0'],
  [() => randAugment({ magnitude: 31 }), 'randAugment: expected magnitude to be a whole number from 0 to 30, got 31'],
  [() => augMix({ severity: 11 }), 'augMix: expected severity to be a whole number from 1 to 10, got 11'],
  [() => augMix({ width: 0 }), 'augMix: expected width to be a whole number from 1, got 0'],
  [() => augMix({ depth: 0 }), 'augMix: expected depth to be a whole number from 1, got 0'],
  [() => augMix({ alpha: 0 }), 'augMix: expected alpha to be above 0, got 0'],
])('%s is refused', (make, message) => {
  expect(make).toThrow(message)
})
