import { mkdtemp, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as ops from '@ddnet/ops'
import { describeBackends, itemAt } from '@ddnet/testing'
import {
  getGradient,
  getKernel,
  registerGradient,
  registerKernel,
  type Tensor,
  tensor,
  unregisterKernel,
} from '@tensorflow/tfjs-core'
import { describe, expect, test } from 'vitest'
import { kernelSource } from '../kernels/kernel-source.ts'

type One = { x: Tensor }

/** `factor · x`, whose gradient is told as `slope`. */
const times = (name: string, factor: number, slope = factor) => {
  const op = ops.defineOp(name, {
    inputs: ['x'],
    forward: ({ x }: One) => ops.mul(x, factor),
    gradient: { x: (dy) => ops.mul(dy, slope) },
  })
  return (x: Tensor): Tensor => op({ x }, {})
}
const first = async (x: Tensor): Promise<number> => itemAt(await x.data(), 0)

describe('a name without a prefix is refused where it is defined', () => {
  const names = [
    'Relu',
    'relu',
    'conv2d',
    'Conv2D',
    'add',
    'Add',
    'softplus',
    'reluGradient',
    'cube',
    '',
    '/',
    'a/',
    '/a',
    'a b/c',
    'a/b#2',
  ]
  test.each(names)("'%s'", (name) => {
    expect(() => times(name, 2)).toThrow(`defineOp: expected a name with a prefix of your own, got '${name}'.`)
  })

  test('the remedy is a name that is taken', () => {
    expect(() => times('Relu', 2)).toThrow("call it 'my-package/Relu'")
    expect(() => times('my-package/Relu', 2)).not.toThrow()
    expect(() => times('@scope/package/relu', 2)).not.toThrow()
  })
})

describeBackends('defineOp', (backend) => {
  test('two definitions of one name run their own kernels and gradients', async () => {
    const [double, triple] = [times('test/twice', 2), times('test/twice', 3)]
    const x = tensor(5)
    for (const [op, factor] of [
      [triple, 3],
      [double, 2],
      [triple, 3],
    ] as const) {
      expect(await first(op(x))).toBe(factor * 5)
      expect(await first(ops.grad(op)(x))).toBe(factor)
      expect(await first(ops.grad((each) => ops.mul(op(each), op(each)))(x))).toBe(2 * factor * factor * 5)
    }
  })

  test('a name like one of ours, or of tfjs, behind the prefix changes neither', async () => {
    const x = tensor(-1)
    const [relu, add] = [times('test/Relu', 7), times('test/Add', 8)]
    expect([await first(relu(x)), await first(add(x))]).toEqual([-7, -8])
    expect(await first(ops.grad(ops.relu)(x))).toBe(0)
    expect(await first(ops.grad(relu)(x))).toBe(7)
    expect(await first(ops.grad((each) => ops.add(each, each))(x))).toBe(2)
  })

  test('a kernel of a backend takes the place of the composition', async () => {
    const kernelName = `test/with-kernel-of-${backend}`
    registerKernel({
      kernelName,
      backendName: backend,
      kernelFunc: ({ inputs }) => ops.mul((inputs as One).x, 10),
    })
    expect(await first(times(kernelName, 2)(tensor([1])))).toBe(10)
    unregisterKernel(kernelName, backend)
    expect(getKernel(kernelName, backend)).toBeUndefined()
  })

  // As `import '@tensorflow/tfjs'` does, which registers all of tfjs's.
  test('a gradient that tfjs registers for a kernel of ours is not used', async () => {
    const x = tensor(3)
    await first(ops.grad(ops.square)(x))
    const mine = getGradient('Square')
    registerGradient({
      kernelName: 'Square',
      inputsToSave: ['x'],
      gradFunc: (dy) => ({ x: () => ops.mul(dy as Tensor, 99) }),
    })
    expect(await first(ops.grad(ops.square)(x))).toBe(6)
    expect(getGradient('Square')).not.toBe(mine)
    expect(await first(ops.grad(ops.grad(ops.square))(x))).toBe(2)
  })
})

test('a second copy of the package shares kernels and gradients with the first', async () => {
  await (await import('@ddnet/testing')).useBackend('cpu')
  const x = tensor([-2, 3])
  const before = await ops
    .grad((each) => ops.sum(ops.relu(ops.elu(each))))(x)
    .data()
  const gradient = getGradient('Relu')
  // Bundled beside the package, where it finds the same tfjs-core.
  const folder = await mkdtemp(fileURLToPath(new URL('../../node_modules/.ddnet-ops-', import.meta.url)))
  try {
    const { bundleScript } = await import('@ddnet/testing/bundle')
    const copy = await import(
      pathToFileURL(await bundleScript(new URL('../index.ts', import.meta.url), folder, ['@tensorflow/tfjs-core'])).href
    )
    expect(copy.relu).not.toBe(ops.relu)
    expect(
      await copy
        .grad((each: Tensor) => copy.sum(copy.relu(copy.elu(each))))(x)
        .data(),
    ).toEqual(before)
  } finally {
    await rm(folder, { recursive: true })
  }
  expect(getGradient('Relu')).toBe(gradient)
  expect(kernelSource('elu', 'cpu')).toBe('composition')
})
