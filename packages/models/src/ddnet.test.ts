import { init, summary } from '@ddnet/layers'
import { memory, random, tensor } from '@ddnet/ops'
import {
  defined,
  describeBackends,
  entryOf,
  expectTensorClose,
  readTensors,
  torchState,
  useBackend,
} from '@ddnet/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { DDNet, type DDNetOptions } from './ddnet.ts'

const make = (options: DDNetOptions = {}): DDNet => init(new DDNet(options), random.key(0))

describe('DDNet', () => {
  beforeAll(() => useBackend('cpu'))

  test('has 195,434 parameters in 20 tensors, and 195,082 without normalisation', () => {
    const model = make()
    expect(model.parameters().size).toBe(20)
    expect(summary(model, [1, 32, 32, 3]).parameters).toBe(195_434)
    expect(summary(make({ normalization: 'none' }), [1, 32, 32, 3]).parameters).toBe(195_082)
  })

  test('brings the features back to the size of the input', () => {
    const rows = summary(make(), [2, 32, 32, 3]).rows
    expect(rows.find(({ name }) => name === 'encoder.2.norm')?.outputShape).toEqual([2, 8, 8, 128])
    expect(rows.find(({ name }) => name === 'decoder.2.deconv')?.outputShape).toEqual([2, 32, 32, 32])
    expect(rows.at(-1)).toMatchObject({ name: 'heads.class', outputShape: [2, 10] })
  })

  test('counts the multiply-adds of convolutions and transposed convolutions', () => {
    const [first, ...rest] = summary(make(), [1, 32, 32, 3]).rows
    expect(first?.multiplyAdds).toBe(32 * 32 * 9 * 3 * 32)
    expect(rest.find(({ name }) => name === 'decoder.0.deconv')?.multiplyAdds).toBe(4 * 4 * 9 * 128 * 64)
  })

  test('the same key gives the same weights, another key others', async () => {
    const weight = async (seed: number) =>
      (await init(new DDNet(), random.key(seed)).stateDict())['encoder.0.conv.weight']?.data
    expect(await weight(1)).toEqual(await weight(1))
    expect(await weight(1)).not.toEqual(await weight(2))
  })

  test('has the names, shapes and dtypes of the PyTorch network', async () => {
    const state = await make().stateDict()
    const theirs = torchState('one-model/initial.safetensors')
    const shapes = (dict: typeof state) =>
      Object.fromEntries(
        Object.entries(dict)
          .map(([name, { dtype, shape }]) => [name, `${dtype} [${shape}]`])
          .sort(),
      )
    expect(shapes(state)).toEqual(shapes(theirs))
  })

  test('says which names and shapes of a state do not fit, and changes nothing', async () => {
    const model = make()
    const before = await model.stateDict()
    const { 'heads.class.bias': _, ...incomplete } = before
    expect(() => model.loadStateDict(incomplete)).toThrow(/missing heads.class.bias/)
    expect(() => model.loadStateDict({ ...before, extra: entryOf(before, 'heads.class.bias') })).toThrow(
      /unexpected extra/,
    )
    const narrow = await make({ channels: [16, 64, 128] }).stateDict()
    expect(() => model.loadStateDict(narrow)).toThrow(/encoder.0.conv.weight is \[16,3,3,3\], expected \[32,3,3,3\]/)
    expect(await model.stateDict()).toEqual(before)
  })

  test('refuses channels that are not positive integers', () => {
    expect(() => new DDNet({ channels: [32, 0] })).toThrow(/expected channels as positive integers, got \[32,0\]/)
  })

  test('skips and switches cost no parameter, and the other ways those of their convolutions', () => {
    const count = (options: DDNetOptions) => summary(new DDNet(options), [1, 32, 32, 3]).parameters
    const deconvolutions = 9 * (128 * 64 + 64 * 32 + 32 * 32)
    expect(count({ skip: true })).toBe(195_434)
    expect(count({ unpool: 'switches' })).toBe(195_434)
    expect(count({ unpool: 'resize' })).toBe(195_434)
    expect(count({ unpool: 'shuffle' })).toBe(195_434 + 3 * deconvolutions)
    expect(count({ normalization: 'group' })).toBe(195_434)
  })

  test('all ways begin with the same encoder, and those that share shapes with the same decoder', async () => {
    const state = async (options: DDNetOptions) => {
      const { data } = entryOf(await make(options).stateDict(), 'decoder.1.deconv.weight')
      return [entryOf(await make(options).stateDict(), 'encoder.1.conv.weight').data, data]
    }
    const plain = await state({})
    expect(await state({ unpool: 'switches', skip: true })).toEqual(plain)
    expect((await state({ unpool: 'shuffle' }))[0]).toEqual(plain[0])
  })

  test('refuses options that there are not', () => {
    // @ts-expect-error: there is no such way
    expect(() => new DDNet({ unpool: 'bilinear' })).toThrow(
      "DDNet: expected unpool 'stride', 'switches', 'shuffle' or 'resize', got 'bilinear'.",
    )
    // @ts-expect-error: there is no such norm
    expect(() => new DDNet({ normalization: 'layer' })).toThrow(
      "DDNet: expected normalization 'batch', 'group' or 'none', got 'layer'.",
    )
    expect(() => new DDNet({ normalization: 'group', channels: [12] })).toThrow(
      'expected groups to divide the 12 channels',
    )
  })

  test('frees all its tensors', () => {
    const before = memory().numTensors
    make().dispose()
    expect(memory().numTensors).toBe(before)
  })
})

describeBackends('DDNet', () => {
  test("gives PyTorch's logits from PyTorch's weights", async () => {
    const model = new DDNet()
    model.loadStateDict(torchState('one-model/initial.safetensors'))
    const { testImages, 'initial.logits': logits } = readTensors('one-model/logits.safetensors')
    const images = tensor(
      Float32Array.from(testImages?.data as Uint8Array, (value) => (value / 255 - 0.4734) / 0.2516),
      testImages?.shape,
    )
    await expectTensorClose(model.predict(images), defined(logits), 1e-5, 'logits')
    model.dispose()
    images.dispose()
  })
})
