import { type KernelVariant, useVariant, variantOf } from '@ddnet/ops/webgpu'
import { engine } from '@tensorflow/tfjs-core'
import { afterAll, beforeAll } from 'vitest'

/** Lets the tests of a block choose variants of WebGPU's kernels, and puts back what the backend ran before. */
export function putVariantBack(): void {
  let before: KernelVariant
  beforeAll(() => {
    before = variantOf(engine().backend)
  })
  afterAll(() => useVariant(engine().backend, before))
}
