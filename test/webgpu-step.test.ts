import { readFileSync, writeFileSync } from 'node:fs'
import { engine } from '@ddnet/ops'
import { missing, startNullDevice } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { countMultiplications } from '../benchmarks/webgpu/arithmetic.ts'
import { ddnetStep } from '../benchmarks/webgpu/step.ts'
import { stepTable, workgroups } from '../benchmarks/webgpu/step-table.ts'
import { webgpu } from '../packages/backend-webgpu/src/index.ts'
import { recordWork, type Work } from '../packages/backend-webgpu/src/recorder.ts'
import { type KernelVariant, useVariant } from '../packages/ops/src/webgpu.ts'

const page = new URL('../docs/webgpu-step.md', import.meta.url)

const device = (): GPUDevice => (engine().backend as unknown as { device: GPUDevice }).device

/** A step of batch 32 once nothing is new: on a device that computes nothing, as counts need none. */
async function countedStep(variant: KernelVariant): Promise<Work> {
  const backend = await startNullDevice(variant)
  try {
    const step = ddnetStep(32)
    for (let warmUp = 0; warmUp < 2; warmUp++) await step.run()
    const { work } = await recordWork(device(), step.run)
    step.dispose()
    return work
  } finally {
    backend.dispose()
  }
}

describe('a DDNet step (batch norm, Adam, 20 parameter tensors, batch 32) on WebGPU', () => {
  test.each<KernelVariant>(['gpu', 'software'])(
    'for %s is at most 90 dispatches in 3 submits, and makes nothing',
    async (variant) => {
      const { dispatches, leastBytes, ...work } = await countedStep(variant)
      expect(dispatches.length).toBeLessThanOrEqual(90)
      expect(work.submits).toBeLessThanOrEqual(3)
      expect(work).toMatchObject({ buffers: 0, bufferBytes: 0, pipelines: 0 })
      const bytes = dispatches.reduce((sum, each) => sum + each.bytes, 0)
      expect(bytes / leastBytes).toBeLessThanOrEqual(1.5)
    },
  )

  test('keeps a large GPU busy: a convolution is at least 256 workgroups, where its results are enough for them', async () => {
    const { dispatches } = await countedStep('gpu')
    const convolutions = dispatches.filter(({ label }) => /^conv2d(InputGradient|FilterGradient)? \d/.test(label))
    expect(convolutions.length).toBe(6 + 6 + 5)
    for (const { grid, label } of convolutions) expect(workgroups(grid), label).toBeGreaterThanOrEqual(256)
  })

  test('is the one of docs/webgpu-step.md', async () => {
    const table = stepTable(await countedStep('gpu'))
    const [head, , tail] = readFileSync(page, 'utf8').split(/<!-- (?:\/)?table -->\n/)
    const written = `${head}<!-- table -->\n${table}<!-- /table -->\n${tail}`
    if (process.env['DDNET_WRITE_TABLES'] !== undefined) writeFileSync(page, written)
    expect(readFileSync(page, 'utf8')).toBe(written)
  })

  test.skipIf(missing('webgpu') !== undefined)(
    'multiplies at most 1.15 times what its convolutions need',
    async () => {
      await (await webgpu()).dispose() // another test may have compiled the programs
      const backend = await webgpu()
      try {
        const counts = countMultiplications(device())
        useVariant(engine().backend, 'gpu')
        const batch = 2
        const step = ddnetStep(batch)
        await step.run()
        const convolutions = (await counts()).filter(({ label }) => label.startsWith('conv2d'))
        expect(convolutions.length).toBe(6 + 6 + 5)
        const executed = convolutions.reduce((sum, { count }) => sum + count, 0)
        expect(executed / neededMultiplications(batch)).toBeLessThanOrEqual(1.15)
        expect(executed / neededMultiplications(batch)).toBeGreaterThanOrEqual(1)
      } finally {
        backend.dispose()
      }
    },
    300_000,
  ) // adapters on the CPU compile a program with barriers in most of a second
})

/** Size of the plane that the taps move over (the smaller one), input and output channels of DDNet's six convolutions. */
const layers = [
  [32, 3, 32],
  [16, 32, 64],
  [8, 64, 128],
  [4, 128, 64],
  [8, 64, 32],
  [16, 32, 32],
] as const

/** Nine taps, forward and in the gradients of filter and input, of which the images' is not needed. */
const neededMultiplications = (batch: number): number =>
  layers.reduce((sum, [size, from, to], index) => sum + batch * size * size * 9 * from * to * (index === 0 ? 2 : 3), 0)
