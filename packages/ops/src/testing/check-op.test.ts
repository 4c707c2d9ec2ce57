import { describeBackends } from '@ddnet/testing'
import { tidy } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
// The example of the README: an operator of a plug-in, with kernels for WebAssembly and WebGPU.
import { registerKernels, squareplus } from '../../../../examples/plugin/squareplus.mjs'
import { mul, square } from '../array/arithmetic.ts'
import { detach } from '../array/detach.ts'
import { kernelSource } from '../kernels/kernel-source.ts'
import { checkOp } from './check-op.ts'

registerKernels()

const x = [-3, -0.5, 0, 0.25, 2, 10]
const inputs = { x: { shape: [2, 3], data: x }, b: { shape: [], data: [4] } }
const output = { shape: [2, 3], data: x.map((each) => (each + Math.sqrt(each ** 2 + 4)) / 2) }

describeBackends('checkOp', (backend) => {
  test('passes an operator whose value, derivatives and kernels are right', async () => {
    await checkOp(({ x, b }) => squareplus(x, b), { inputs, output })
    const own = backend === 'wasm' || backend === 'webgpu'
    expect(kernelSource('ddnet-example/squareplus', backend)).toBe(own ? 'own' : 'composition')
  })

  test('tells a wrong value', () =>
    expect(checkOp(({ x }) => square(x), { inputs, output })).rejects.toThrow(
      /^the result at 0: expected 0\.30\d+, got 9 /,
    ))

  test('tells a wrong shape', () =>
    expect(checkOp(({ b }) => square(b), { inputs, output })).rejects.toThrow('expected shape [2,3], got []'))

  test('tells a wrong derivative', () => {
    const squares = { shape: [2, 3], data: x.map((each) => each ** 2) }
    const wrong = checkOp(({ x }) => tidy(() => mul(x, detach(x))), { inputs: { x: inputs.x }, output: squares })
    return expect(wrong).rejects.toThrow(/^first order: the directional derivative is /)
  })

  test('tells tensors that are left', () => {
    const twice = checkOp(({ x }) => square(square(x)), { inputs: { x: inputs.x }, output })
    return expect(twice).rejects.toThrow('expected the result alone to be left, got 1 tensors more')
  })
})
