import { createHash } from 'node:crypto'
import { useBackend } from '@ddnet/testing'
import { openPage, serveFolder } from '@ddnet/testing/browser'
import { pageInChromium } from '@ddnet/testing/page'
import { expect, test } from 'vitest'
import type { Choice, Trained } from '../test/page/worker.ts'
import { trainingStep } from '../test/training-step.ts'

const served = pageInChromium(new URL('../test/page/', import.meta.url))

test('a page built by Vite differentiates a convolution on its main thread, which may have no others', async () => {
  const { page, errors } = await served.open()
  const report = await page.evaluate(() => (globalThis as unknown as typeof import('../test/page/main.ts')).report())
  expect(report.isolated).toBe(true)
  expect(report.device).toContain('WebAssembly with SIMD, 1 thread')
  // 100 taps of 16 pixels are inside the image; each adds 3 input channels to 2 output channels.
  expect(report.sum).toBe(100 * 3 * 2)
  // The corner tap sees 3 × 3 pixels, whatever the channels.
  expect(report.filterGradient).toEqual([9, 9, 9, 9, 9, 9])
  expect(report.threads).toBe(
    'BackendUnavailable: wasm: 2 threads must wait for each other, which the main thread of a page may not. Call wasm() in a worker, or leave threads out.',
  )
  expect(errors).toEqual([])
  await page.close()
})

/** What a worker of the page at `url` says of a training step with each of these options. */
async function trainInWorker(url: string, ...choices: Choice[]): Promise<(Trained | string)[]> {
  const { page, errors } = await openPage(served.chromium.browser, url)
  const results = await page.evaluate(
    (choices) => (globalThis as unknown as typeof import('../test/page/main.ts')).trainInWorker(...choices),
    choices,
  )
  expect(errors).toEqual([])
  await page.close()
  return results
}

test('a worker of an isolated page trains on 1, 2 and 3 threads, each with the bits of Node', async () => {
  await useBackend('wasm')
  const digests = (await trainingStep()).map((values) => createHash('sha256').update(values).digest('hex'))
  const counts = [1, 2, 3, 2]
  const results = await trainInWorker(served.site.url, ...counts.map((threads) => ({ threads })))
  expect(results).toEqual(
    counts.map((threads) => ({ device: expect.stringContaining(`SIMD, ${threads} thread`), digests })),
  )
})

test('fused multiply-add gives the same bits on any number of threads too', async () => {
  const choices = [1, 2, 3].map((threads) => ({ threads, fusedMultiplyAdd: true }))
  const [first, ...others] = (await trainInWorker(served.site.url, ...choices)) as Trained[]
  expect(first?.device).toContain('fused multiply-add, 1 thread')
  for (const { digests } of others) expect(digests).toEqual(first?.digests)
})

test('a worker that is terminated takes its threads along', async () => {
  const { page, errors } = await served.open()
  const workers = new Set(page.workers())
  page.on('worker', (worker) => workers.add(worker))
  page.on('worker', (worker) => worker.on('close', () => workers.delete(worker)))
  const digests = await page.evaluate(async () => {
    const { trainInWorker } = globalThis as unknown as typeof import('../test/page/main.ts')
    const results = [await trainInWorker({ threads: 3, keep: true }), await trainInWorker({ threads: 3, keep: true })]
    return results.flat().map((result) => (typeof result === 'string' ? result : result.digests))
  })
  expect(digests[1]).toEqual(digests[0])
  // Chromium ends threads that wait only after some seconds.
  await expect.poll(() => workers.size, { timeout: 30_000 }).toBe(0)
  expect(errors).toEqual([])
  await page.close()
})

test('a page that is not isolated has one thread, and says what isolates it', async () => {
  const open = await serveFolder(served.site.folder, {})
  const [one, two] = await trainInWorker(open.url, { threads: 1 }, { threads: 2 })
  await open.close()
  expect(one).toMatchObject({ device: expect.stringContaining('1 thread') })
  expect(two).toMatch(
    /^BackendUnavailable: wasm: 2 threads share memory, .* Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp/,
  )
})

test('a policy without blob workers is an error that names the word it lacks', async () => {
  const strict = await serveFolder(served.site.folder, {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'content-security-policy': "script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; worker-src 'self'",
  })
  const { page } = await openPage(served.chromium.browser, strict.url)
  const results = await page.evaluate(() =>
    (globalThis as unknown as typeof import('../test/page/main.ts')).trainInWorker({ threads: 2 }, { threads: 1 }),
  )
  await page.close()
  await strict.close()
  expect(results[0]).toMatch(/^BackendUnavailable: wasm: not all of 2 threads could start: .*worker-src blob:/)
  expect(results[1]).toMatchObject({ device: expect.stringContaining('1 thread') })
})
