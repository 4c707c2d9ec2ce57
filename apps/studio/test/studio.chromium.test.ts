import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cifar10, subset } from '@ddnet/datasets'
import { writeCifar10Shards } from '@ddnet/datasets/node'
import { createModel, createTask, createTrainer, fitOptions, loadRunData } from '@ddnet/experiment'
import { type BackendName, itemAt, present, useBackend } from '@ddnet/testing'
import { pageInChromium } from '@ddnet/testing/page'
import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { configOf, pageHost } from '../src/experiment.ts'
import type { SavedRun } from '../src/run-record.ts'

const settings = { steps: 10, batchSize: 8, seed: 42, validationImages: 20, backend: 'auto' } as const
const addressOf = (steps: number): string =>
  `?steps=${steps}&batchSize=${settings.batchSize}&seed=${settings.seed}&validationImages=${settings.validationImages}`
const address = addressOf(settings.steps)

/** A step on SwiftShader takes seconds on a busy machine. */
const patienceMs = 300_000

const served = pageInChromium(new URL('../', import.meta.url))

beforeAll(async () => {
  const data = await cifar10()
  const few = { train: subset(data.train, 160), test: subset(data.test, 20), classNames: data.classNames }
  await writeCifar10Shards(few, join(served.site.folder, 'cifar10'), { shardSize: 100 })
})

/** The losses of the page's run in Node. */
async function lossesInNode(backend: BackendName): Promise<number[]> {
  await useBackend(backend)
  const config = configOf(settings)
  const data = await loadRunData(config, pageHost(served.site.url))
  const model = createModel(config, data.facts)
  const run = { model, task: createTask(config, data.facts), config, data }
  const { history } = await createTrainer(run).fit(fitOptions(run))
  model.dispose()
  return history.steps.map(({ loss }) => loss)
}

test(
  'trains 10 steps of DDNet on WebGPU in a worker, with the losses of the same steps in Node, on WebGPU and WebAssembly',
  async () => {
    const { page, errors } = await served.open(`${address}&backend=webgpu`)
    await reach(page, 'ready')
    expect(await page.textContent('#backend-name')).toBe('WebGPU')
    expect(await page.locator('#batch-images canvas').count()).toBe(8)
    expect(await page.textContent('#model-title')).toBe('DDNet, 195,434 parameters')
    const worker = itemAt(page.workers(), 0)
    await worker.evaluate(countPipelines)
    await page.click('#train')
    await reach(page, 'done')
    const run = await record(page)
    expect(run.backend.name).toBe('webgpu')
    expect(run.backend.device).toBe(await page.textContent('#backend-device'))
    if (onSoftware()) expect(run.backend.device).toMatch(/^google swiftshader\b.*\(software\)$/)
    expect(run.backend.dispatches).toBeGreaterThan(10 * 50)
    expect(run.validations.map(({ step }) => step)).toEqual([5, 10])
    // The engine that holds tensors and kernels is in the worker, and not in the page.
    expect(await page.evaluate(engineOf)).toBeUndefined()
    expect((await worker.evaluate(engineOf))?.kernels).toBeGreaterThan(100)
    expect((await worker.evaluate(engineOf))?.tensors).toBeGreaterThan(20)
    expect(await worker.evaluate('pipelines'), 'pipelines compiled while it trained').toBe(0)
    // Before each validation nothing is on its way, and the same tensors are there.
    const [first, second] = [5, 10].map((at) => run.steps.find(({ step }) => step === at)?.memory.tensors)
    expect(first).toBeGreaterThan(20)
    expect(second).toBe(first)
    expect(errors).toEqual([])
    await page.close()

    expect(run.steps.length).toBe(10)
    for (const backend of present(['webgpu', 'wasm'])) {
      const inNode = await lossesInNode(backend)
      for (const [index, { loss }] of run.steps.entries()) {
        const expected = itemAt(inNode, index)
        const bound = index < 5 ? 1e-4 : 1e-3
        expect(
          Math.abs(loss - expected) / expected,
          `step ${index + 1}: ${loss}, in Node on ${backend} ${expected}`,
        ).toBeLessThan(bound)
      }
    }
  },
  2 * patienceMs,
)

test('takes WebAssembly where WebGPU has no GPU, says why, and goes step by step', async () => {
  const { page, errors } = await served.open(`${address}`)
  await reach(page, 'ready')
  if (onSoftware()) {
    expect(await page.textContent('#backend-name')).toBe('WebAssembly')
    expect(await page.textContent('#backend-reason')).toMatch(
      /swiftshader.*computes on the CPU, where WebAssembly is faster/,
    )
  } else expect(await page.textContent('#backend-reason')).toBe('This browser has WebGPU.')
  await page.click('#step')
  await reach(page, 'paused')
  expect(await page.textContent('#status')).toBe('Paused after step 1 of 10')
  await page.click('#step')
  await page.waitForFunction(() => document.querySelector('#status')?.textContent === 'Paused after step 2 of 10')
  const run = await record(page)
  expect(run.steps.map(({ step }) => step)).toEqual([1, 2])
  await page.click('#reset')
  await reach(page, 'ready')
  await page.waitForFunction(() => document.querySelector('#number-step')?.textContent === '–')
  await page.click('#step')
  await reach(page, 'paused')
  expect((await record(page)).steps[0]?.loss).toBe(run.steps[0]?.loss)
  expect(errors).toEqual([])
  await page.close()
})

test('has as many threads for WebAssembly as there are processors, if the page is isolated', async () => {
  const { page } = await served.open(`${address}&backend=wasm`)
  await reach(page, 'ready')
  const processors = await page.evaluate(() => navigator.hardwareConcurrency)
  expect(await page.textContent('#backend-device')).toContain(`, ${processors} thread`)
  await page.close()
})

test(
  'goes on from its last snapshot when the device is lost, and says so',
  async () => {
    const { page, errors } = await served.open(`${address}&backend=webgpu`)
    await reach(page, 'ready')
    await page.click('#step')
    await reach(page, 'paused')
    const first = (await record(page)).steps[0]?.loss
    const [worker] = page.workers()
    await worker?.evaluate(() => {
      const { _tfengine } = globalThis as unknown as { _tfengine: { backend: { device: GPUDevice } } }
      _tfengine.backend.device.destroy()
    })
    await page.click('#step')
    await page.waitForSelector('#notice:not([hidden])', { timeout: patienceMs })
    expect(await page.textContent('#notice-message')).toMatch(
      /^webgpu: the device was lost \(destroyed\).*Training goes on after step 1\.$/s,
    )
    await page.waitForFunction(() => document.querySelector('#status')?.textContent === 'Paused after step 2 of 10', {
      timeout: patienceMs,
    })
    const { steps } = await record(page)
    expect(steps.map(({ step }) => step)).toEqual([1, 2])
    expect(steps[0]?.loss).toBe(first)
    expect(errors).toEqual([])
    await page.close()
  },
  2 * patienceMs,
)

test('says which file of the data is missing', async () => {
  const [here, away] = [join(served.site.folder, 'cifar10'), join(served.site.folder, 'away')]
  await rename(here, away)
  try {
    const { page } = await served.open(`${address}&backend=wasm`)
    await reach(page, 'failed')
    expect(await page.textContent('#error-message')).toMatch(/cifar10\/manifest\.json: HTTP 404.*shards$/)
    await page.close()
  } finally {
    await mkdir(served.site.folder, { recursive: true })
    await rename(away, here)
  }
})

test('refuses a setting that cannot be', async () => {
  const { page } = await served.open(`?steps=none`)
  await reach(page, 'failed')
  expect(await page.textContent('#error-message')).toBe(
    '?steps: expected a whole number from 1 to 1000000, got "none".',
  )
  await page.close()
})

const onSoftware = (): boolean => served.chromium.args.includes('--use-webgpu-adapter=swiftshader')

/** Waits for a state; a page that fails instead tells why. */
async function reach(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`body[data-state="${state}"], body[data-state="failed"]`, { timeout: patienceMs })
  if (state === 'failed') return
  expect(await page.getAttribute('body', 'data-state'), (await page.textContent('#error')) ?? '').toBe(state)
}

/** What the page offers as JSON. */
const record = (page: Page): Promise<SavedRun> =>
  page.evaluate(() => (globalThis as unknown as { record(): SavedRun }).record())

/** tfjs's engine in this thread; self-contained, since it runs in a page. */
function engineOf(): { kernels: number; tensors: number } | undefined {
  const { _tfengine, _tfGlobals } = globalThis as unknown as {
    _tfengine?: { memory(): { numTensors: number } }
    _tfGlobals?: Map<string, Map<string, unknown>>
  }
  if (_tfengine === undefined) return undefined
  return { kernels: _tfGlobals?.get('kernelRegistry')?.size ?? 0, tensors: _tfengine.memory().numTensors }
}

/** Counts in `pipelines` what is compiled on the spot; self-contained, since it runs in a page. */
function countPipelines(): void {
  const scope = globalThis as unknown as { pipelines: number; _tfengine: { backend: { device: GPUDevice } } }
  const { device } = scope._tfengine.backend
  const { createComputePipeline } = device
  scope.pipelines = 0
  device.createComputePipeline = (descriptor) => {
    scope.pipelines++
    return createComputePipeline.call(device, descriptor)
  }
}
