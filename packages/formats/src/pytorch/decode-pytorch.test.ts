import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeWeights } from '../decode-weights.ts'
import { decodeSafetensors } from '../safetensors/decode.ts'
import { decodePyTorch } from './decode-pytorch.ts'
import { PyTorchError } from './pytorch-error.ts'

// Written by PyTorch: packages/formats/fixtures/make_pytorch.py
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/pytorch/${name}`, import.meta.url))
const { tensors: all } = decodeSafetensors(fixture('expected.safetensors'))
const expectedOf = (file: string) =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, tensor]) =>
      name.startsWith(`${file}/`) ? [[name.slice(file.length + 1), tensor]] : [],
    ),
  )

describe('decodePyTorch', () => {
  test.each([
    ['state-dict.pt', undefined],
    ['protocol-4.pt', undefined],
    ['protocol-5.pt', undefined],
    ['types.pt', undefined],
    ['later-types.pt', undefined],
    ['views.pt', undefined],
    ['training.pt', 'state_dict'],
    ['model-key.pt', 'model'],
    ['mixed.pt', undefined],
    ['no-crc.pt', undefined],
    ['packed.pt', undefined],
  ])('%s has what PyTorch reads from it', async (file, key) => {
    const expected = expectedOf(file)
    expect(Object.keys(expected).length).toBeGreaterThan(0)
    const { tensors, key: found } = await decodePyTorch(fixture(file), { name: file })
    expect(tensors).toEqual(expected)
    expect(found).toBe(key)
    expect((await decodeWeights(fixture(file), file)).tensors).toEqual(expected)
  })

  test('what is no tensor of ours is named, and stands in nobody’s way', async () => {
    expect((await decodePyTorch(fixture('mixed.pt'))).unread).toEqual({
      bias: 'it is None, and no tensor',
      steps: 'it is a number, and no tensor',
    })
    expect((await decodePyTorch(fixture('later-types.pt'))).unread).toEqual({
      complex64: 'its dtype is complex64. Save its real and imaginary parts, torch.view_as_real(tensor).',
    })
  })

  test('another dict of a checkpoint is asked for by name', async () => {
    const options = { name: 'training.pt', key: 'optimizer' }
    await expect(decodePyTorch(fixture('training.pt'), options)).rejects.toThrow(
      'training.pt: its entry "optimizer" is a dict, expected tensors by name. It has epoch, best, loss, name, size, large, nothing, yes, ….',
    )
    await expect(decodePyTorch(fixture('training.pt'), { ...options, key: 'ema' })).rejects.toThrow(
      'its entry "ema" is missing',
    )
    const { tensors } = await decodePyTorch(fixture('model-key.pt'), { key: 'model' })
    expect(tensors).toEqual(expectedOf('model-key.pt'))
  })

  test('the values are copies: tensors of one storage, and the file, are not tied together', async () => {
    const bytes = Uint8Array.from(fixture('views.pt'))
    const { tensors } = await decodePyTorch(bytes)
    const { base } = tensors
    if (base?.dtype === 'float32') base.data.fill(7)
    bytes.fill(9)
    expect(tensors['row']).toEqual(expectedOf('views.pt')['row'])
  })
})

describe('what is refused', () => {
  test.each([
    [
      'refused-module.pt',
      'it names torch.nn.modules.container.Sequential, and tensors, numbers, texts, lists and dicts alone are read: nothing in a file is run, at byte',
    ],
    ['refused-namespace.pt', 'it names argparse.Namespace'],
    ['refused-numpy.pt', 'it names numpy._core.multiarray.scalar'],
    ['refused-set.pt', 'it names __builtin__.set'],
    ['refused-counter.pt', 'it names collections.Counter'],
    ['refused-code.pt', 'it names posix.system'],
    [
      'refused-list.pt',
      "it holds a list, expected tensors by name. Save them so: torch.save(model.state_dict(), 'model.pt')",
    ],
    [
      'refused-nothing.pt',
      'it holds no tensors by name, in itself or in state_dict, model_state_dict, model and the like, but epoch, nested.',
    ],
    ['refused-script.pt', 'it is a TorchScript program, which holds code. In Python: torch.save(torch.jit.load('],
    ['refused-big-endian.pt', 'its numbers are big-endian, expected little-endian'],
    ['refused-missing.pt', 'the values data/0 are missing'],
    ['refused-short.pt', 'data/0 has 4 bytes, expected 216'],
    ['refused-expanded.pt', 'its tensors take 4294967300 bytes, expected at most 268435456'],
  ])('%s', async (file, message) => {
    await expect(decodePyTorch(fixture(file), { name: file })).rejects.toThrow(PyTorchError)
    await expect(decodePyTorch(fixture(file), { name: file })).rejects.toThrow(`${file}: ${message}`)
  })

  test('no code of a file has run', () => expect(existsSync('/tmp/pickles-run-code')).toBe(false))

  test('checkpoints of before 2020, with how to save them again', async () => {
    const old = readFileSync(new URL('../../fixtures/mistaken/old.pt', import.meta.url))
    const message =
      "expected a PyTorch checkpoint (.pt or .pth), got a PyTorch file of before 2020 (.pt or .pth). In Python: torch.save(torch.load('old.pt', weights_only=True), 'new.pt')"
    await expect(decodePyTorch(old)).rejects.toThrow(message)
    await expect(decodeWeights(old, 'old.pt')).rejects.toThrow(`old.pt: ${message}`)
  })

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'got empty'],
    ['a safetensors file', fixture('expected.safetensors'), 'got a safetensors file. Read it with openSafetensors.'],
    [
      'a cut file',
      fixture('views.pt').subarray(0, 2000),
      'it has no end of a ZIP archive. The file is damaged, or no PyTorch checkpoint.',
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(decodePyTorch(bytes)).rejects.toThrow(PyTorchError)
    await expect(decodePyTorch(bytes)).rejects.toThrow(message)
  })

  test('a file cut at any byte', async () => {
    const whole = fixture('no-crc.pt')
    for (let length = 0; length < whole.length; length += 7)
      await expect(decodePyTorch(whole.subarray(0, length))).rejects.toThrow(PyTorchError)
  })
})
