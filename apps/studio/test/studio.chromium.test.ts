import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cifar10, subset } from '@ddnet/datasets'
import { writeCifar10Shards } from '@ddnet/datasets/node'
import { useBackend } from '@ddnet/testing'
import { type LaunchedChromium, launchChromium, openPage, type Site, serveBuilt } from '@ddnet/testing/browser'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createModel, train } from '../src/experiment.ts'
import type { RunRecord } from '../src/run-record.ts'

const recipe = { steps: 10, batchSize: 8, seed: 42, testImages: 20 }
const address = `?steps=${recipe.steps}&batchSize=${recipe.batchSize}&seed=${recipe.seed}&testImages=${recipe.testImages}`

/** A step on SwiftShader takes seconds on a busy machine. */
const patienceMs = 300_000

let chromium: LaunchedChromium
let site: Site

beforeAll(async () => {
  ;[chromium, site] = await Promise.all([launchChromium(), serveBuilt(fileURLToPath(new URL('..', import.meta.url)))])
  const data = await cifar10()
  const few = { train: subset(data.train, 160), test: subset(data.test, 20), classNames: data.classNames }
  await writeCifar10Shards(few, join(site.folder, 'cifar10'), { shardSize: 100 })
})
afterAll(async () => {
  await chromium?.browser.close()
  await site?.close()
})

test(
  'trains 10 steps of DDNet on CIFAR images on WebGPU, with the losses of the same steps in Node',
  async () => {
    const { page, errors } = await openPage(chromium.browser, `${site.url}${address}&backend=webgpu`)
    await reach(page, 'ready')
    expect(await page.textContent('#backend-name')).toBe('WebGPU')
    expect(await page.locator('#batch-images canvas').count()).toBe(8)
    expect(await page.textContent('#model-title')).toBe('DDNet, 195,434 parameters')
    await page.click('#train')
    await reach(page, 'done')
    const run = await savedRun(page)
    expect(run.backend.name).toBe('webgpu')
    expect(run.backend.device).toBe(await page.textContent('#backend-device'))
    if (onSoftware()) expect(run.backend.device).toMatch(/^google swiftshader\b.*\(software\)$/)
    expect(run.backend.dispatches).toBeGreaterThan(10 * 100)
    expect(run.validations.map(({ step }) => step)).toEqual([5, 10])
    expect(errors).toEqual([])
    await page.close()

    await useBackend('webgpu')
    const model = createModel(recipe)
    const { history } = await train(model, await cifar10({ url: `${site.url}cifar10/` }), recipe, {})
    model.dispose()
    expect(run.steps.length).toBe(10)
    for (const [index, { loss }] of run.steps.entries()) {
      const inNode = history.steps[index]?.loss as number
      expect(Number.isFinite(loss)).toBe(true)
      expect(Math.abs(loss - inNode) / inNode, `step ${index + 1}: ${loss}, in Node ${inNode}`).toBeLessThan(1e-3)
    }
  },
  2 * patienceMs,
)

test('takes WebAssembly where WebGPU has no GPU, says why, and goes step by step', async () => {
  const { page, errors } = await openPage(chromium.browser, `${site.url}${address}`)
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
  const run = await savedRun(page)
  expect(run.steps.map(({ step }) => step)).toEqual([1, 2])
  await page.click('#reset')
  await reach(page, 'ready')
  expect(await page.textContent('#number-step')).toBe('–')
  await page.click('#step')
  await reach(page, 'paused')
  expect((await savedRun(page)).steps[0]?.loss).toBe(run.steps[0]?.loss)
  expect(errors).toEqual([])
  await page.close()
})

test('says which file of the data is missing', async () => {
  const [here, away] = [join(site.folder, 'cifar10'), join(site.folder, 'away')]
  await rename(here, away)
  try {
    const { page } = await openPage(chromium.browser, `${site.url}${address}&backend=wasm`)
    await reach(page, 'failed')
    expect(await page.textContent('#error-message')).toMatch(/cifar10\/manifest\.json is missing: HTTP 404.*shards$/)
    await page.close()
  } finally {
    await mkdir(site.folder, { recursive: true })
    await rename(away, here)
  }
})

test('refuses a setting that cannot be', async () => {
  const { page } = await openPage(chromium.browser, `${site.url}?steps=none`)
  await reach(page, 'failed')
  expect(await page.textContent('#error-message')).toBe(
    '?steps: expected a whole number from 1 to 1000000, got "none".',
  )
  await page.close()
})

const onSoftware = (): boolean => chromium.args.includes('--use-webgpu-adapter=swiftshader')

/** Waits for a state; a page that fails instead tells why. */
async function reach(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`body[data-state="${state}"], body[data-state="failed"]`, { timeout: patienceMs })
  if (state === 'failed') return
  expect(await page.getAttribute('body', 'data-state'), (await page.textContent('#error')) ?? '').toBe(state)
}

const savedRun = (page: Page): Promise<RunRecord> =>
  page.$eval('#save', async (link) => (await fetch((link as HTMLAnchorElement).href)).json())
