import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cifar10 } from '@ddnet/datasets'
import { writeCifar10Shards } from '@ddnet/datasets/node'
import { openPage } from '@ddnet/testing/browser'
import { pageInChromium } from '@ddnet/testing/page'
import { decodeCheckpoint, encodeCheckpoint, memoryStorage, type NamedFile, packStorage, readTar } from '@ddnet/trainer'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { SavedRun } from '../src/run-record.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const patienceMs = 300_000

const served = pageInChromium(new URL('../', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-studio-'))
  // All images: their order depends on how many there are.
  await writeCifar10Shards(await cifar10(), join(served.site.folder, 'cifar10'))
}, patienceMs)
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** `ddnet …` on WebAssembly, in a process of its own. */
async function ddnet(...args: string[]): Promise<void> {
  const command = [join(root, 'scripts/run-source.mjs'), join(root, 'apps/cli/src/main.ts'), ...args, 'backend=wasm']
  await promisify(execFile)(process.execPath, command, { cwd: folder })
}

/** Step and mean training loss of each validation of a run. */
async function curveOf(run: string): Promise<{ step: number; loss: number }[]> {
  const lines = (await readFile(join(folder, run, 'metrics.jsonl'), 'utf8')).trim().split('\n')
  return lines.map((line) => JSON.parse(line)).map(({ step, train }) => ({ step, loss: train.loss }))
}

const settings = ['steps=10', 'batchSize=8', 'seed=7', 'validation.every=5', 'validation.images=20']

test(
  'a run goes from the page to ddnet train, and from ddnet train to the page, as if it had never moved',
  async () => {
    // In one place.
    await ddnet('train', 'cifar10', 'name=whole', 'checkpoint.every=5', 'preset=quick', ...settings)
    const whole = await curveOf('runs/whole')
    expect(whole.map(({ step }) => step)).toEqual([5, 10])

    // In the page up to step 7, then in Node.
    const address = `${served.site.url}?steps=10&batchSize=8&seed=7&validationImages=20&backend=wasm`
    const { page, errors } = await openPage(served.chromium.browser, address)
    await reach(page, 'ready')
    for (let step = 1; step <= 7; step++) {
      await page.click('#step')
      await status(page, `Paused after step ${step} of 10`)
    }
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
    expect(download.suggestedFilename()).toBe('ddnet-step-7.tar')
    const tar = join(folder, 'moved.tar')
    await download.saveAs(tar)
    await promisify(execFile)('tar', ['-xf', tar], { cwd: folder })
    await ddnet('train', '--resume', 'ddnet-studio')
    expectSameCurve(await curveOf('ddnet-studio'), whole)

    // The whole run's checkpoint after step 5, in the page from there on.
    const checkpoint = join(folder, 'runs/whole/checkpoints/step=000005')
    await page.setInputFiles(
      '#open',
      (await readdir(checkpoint)).map((name) => join(checkpoint, name)),
    )
    await status(page, 'Paused after step 5 of 10')
    await page.click('#train')
    await reach(page, 'done')
    const { validations, steps } = await record(page)
    expect(steps.map(({ step }) => step)).toEqual([6, 7, 8, 9, 10])
    expectSameCurve(
      validations.map(({ step, train }) => ({ step, loss: train.loss })),
      whole,
    )

    // And the page's own file in the page.
    await page.setInputFiles('#open', tar)
    await status(page, 'Paused after step 7 of 10')
    // It brings its curve, up to where it goes on.
    const { earlier, validations: own } = await record(page)
    expectSameCurve(
      earlier.map(({ step, train }) => ({ step, loss: train.loss })),
      whole.slice(0, 1),
    )
    expect(own).toEqual([])
    await page.waitForFunction(() => document.querySelectorAll('#loss-curve circle.validation').length === 1)
    expect(await page.textContent('#number-score')).toMatch(/^\d+\.\d%$/)
    // A log that is damaged is none, which is said, and the run goes on.
    const damaged = readTar(new Uint8Array(await readFile(tar))).map(({ name, bytes }) =>
      name.endsWith('metrics.jsonl') ? { name, bytes: new TextEncoder().encode('{}\n') } : { name, bytes },
    )
    const buffer = Buffer.from(await packStorage(memoryStorage('run', damaged)))
    await page.setInputFiles('#open', { name: 'damaged.tar', mimeType: 'application/x-tar', buffer })
    await page.waitForSelector('#notice:not([hidden])', { timeout: patienceMs })
    expect(await page.textContent('#notice-message')).toMatch(/metrics\.jsonl:1 is damaged/)
    expect((await record(page)).earlier).toEqual([])
    await status(page, 'Paused after step 7 of 10')
    expect(errors).toEqual([])
    await page.close()
  },
  3 * patienceMs,
)

test(
  'a run that a page cannot train is refused, and why is said',
  async () => {
    const { page } = await served.open(`?backend=wasm&batchSize=8&validationImages=20`)
    await reach(page, 'ready')
    await page.click('#step')
    await reach(page, 'paused')
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
    const files = readTar(new Uint8Array(await readFile(await download.path())))
    const own = files.filter(({ name }) => name.includes('/step='))
    const checkpoint = await decodeCheckpoint(Object.fromEntries(own.map(({ name, bytes }) => [basename(name), bytes])))
    for (const [change, message] of [
      [
        { 'optimizer.learningRate': 'fast' },
        /^optimizer\.learningRate: 'fast' \(the checkpoint opened\/checkpoints\/step=000001\): expected a number above 0/,
      ],
      [
        { data: 'folder', 'data.directory': 'photos', 'data.onError': 'skip' },
        /^the run has data=folder, and a page has no folders/,
      ],
    ] as const) {
      const record = checkpoint.config as { settings: Record<string, unknown> }
      const config = { ...record, settings: { ...record.settings, ...change } }
      const other = Object.entries(
        await encodeCheckpoint(checkpoint, { config: JSON.parse(JSON.stringify(config)) }),
      ).map(([name, bytes]) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) }))
      await page.setInputFiles('#open', other)
      await page.waitForFunction(
        (expected) => new RegExp(expected).test(document.querySelector('#notice-message')?.textContent ?? ''),
        message.source,
        { timeout: patienceMs },
      )
    }
    await page.close()
  },
  patienceMs,
)

/** The losses of steps, and of the validations, without when. */
async function measured(page: Page) {
  const { steps, validations } = await record(page)
  return {
    steps: steps.map(({ step, loss }) => ({ step, loss })),
    validations: validations.map(({ step, train, validation }) => ({ step, train, validation })),
  }
}

test(
  'a run that was left is offered when the page comes again, and goes on as if it had never been left',
  async () => {
    const address = '?steps=10&batchSize=8&seed=7&validationImages=20&backend=wasm'
    const { page: other } = await served.open(address)
    await reach(other, 'ready')
    expect(await other.isHidden('#kept')).toBe(true)
    await other.click('#train')
    await reach(other, 'done')
    const whole = await measured(other)
    await other.close()

    const context = await served.chromium.browser.newContext() // tabs of one have one storage
    const page = await context.newPage()
    await page.goto(`${served.site.url}${address}`)
    await reach(page, 'ready')
    for (let step = 1; step <= 3; step++) {
      await page.click('#step')
      await status(page, `Paused after step ${step} of 10`)
    }
    await page.reload()
    await page.waitForSelector('#kept:not([hidden])', { timeout: patienceMs })
    expect(await page.textContent('#kept-message')).toBe(
      'A run was left here after step 3 of 10. A new one takes its place when it begins.',
    )
    // What is kept is none of what is there now.
    await page.click('#go-on')
    await status(page, 'Paused after step 3 of 10')
    expect(await page.isHidden('#kept')).toBe(true)
    await page.click('#train')
    await reach(page, 'done')
    expect(await measured(page)).toEqual({ ...whole, steps: whole.steps.slice(3) })
    expect(await page.textContent('#status')).toMatch(/^Done: accuracy \d+\.\d% on 20 validation images\.$/)

    // A second tab does not write into it.
    const second = await context.newPage()
    await second.goto(page.url())
    await reach(second, 'ready')
    await second.waitForSelector('#notice:not([hidden])', { timeout: patienceMs })
    expect(await second.textContent('#notice-message')).toBe(
      'Another tab of this page has the browser’s storage. The run is kept in memory: download its checkpoint before you close this tab.',
    )
    expect(await second.isHidden('#kept')).toBe(true)
    await second.click('#step')
    await reach(second, 'paused')
    await context.close()
  },
  2 * patienceMs,
)

test(
  'what else lies in the folder of a run stays in it',
  async () => {
    const { page } = await served.open('?steps=4&batchSize=8&seed=7&validationImages=20&backend=wasm')
    await reach(page, 'ready')
    await page.click('#step')
    await reach(page, 'paused')
    const saved = async (): Promise<NamedFile[]> => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.click('#download')])
      return readTar(new Uint8Array(await readFile(await download.path())))
    }
    const files = await saved()
    expect(files.map(({ name }) => name.replace(/tfevents\.\d+/, 'tfevents.SECONDS')).sort()).toEqual(
      [
        ...['checkpoints/index.json', 'config.yaml', 'data.json', 'environment.json', 'metrics.csv', 'metrics.jsonl'],
        'events.out.tfevents.SECONDS.ddnet.0',
        ...['model.safetensors', 'optimizer.safetensors', 'state.json'].map(
          (name) => `checkpoints/step=000001/${name}`,
        ),
      ]
        .map((name) => `ddnet-studio/${name}`)
        .sort(),
    )
    const mine = [
      { name: 'ddnet-studio/notes/of mine.txt', bytes: new TextEncoder().encode('mine') },
      { name: 'ddnet-studio/checkpoints/notes.txt', bytes: new TextEncoder().encode('mine, too') },
    ]
    const buffer = Buffer.from(await packStorage(memoryStorage('run', [...files, ...mine])))
    await page.setInputFiles('#open', { name: 'run.tar', mimeType: 'application/x-tar', buffer })
    // What the page had is gone.
    await page.waitForFunction(() => document.querySelector('#number-step')?.textContent === '–')
    await status(page, 'Paused after step 1 of 4')
    await page.click('#train')
    await reach(page, 'done')
    const after = new Map((await saved()).map(({ name, bytes }) => [name, new TextDecoder().decode(bytes)]))
    for (const { name, bytes } of mine) expect(after.get(name)).toBe(new TextDecoder().decode(bytes))
    expect([...after.keys()].filter((name) => name.endsWith('state.json'))).toContain(
      'ddnet-studio/checkpoints/step=000004/state.json',
    )
    await page.close()
  },
  patienceMs,
)

function expectSameCurve(
  curve: readonly { step: number; loss: number }[],
  whole: readonly { step: number; loss: number }[],
): void {
  expect(curve.map(({ step }) => step)).toEqual(whole.map(({ step }) => step))
  for (const [index, { step, loss }] of curve.entries()) {
    const expected = whole[index]?.loss as number
    expect(Math.abs(loss / expected - 1), `step ${step}: ${loss}, in one place ${expected}`).toBeLessThan(1e-4)
  }
}

const record = (page: Page): Promise<SavedRun> =>
  page.evaluate(() => (globalThis as unknown as { record(): SavedRun }).record())

const status = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction((text) => document.querySelector('#status')?.textContent === text, text, { timeout: patienceMs })

async function reach(page: Page, state: string): Promise<void> {
  await page.waitForSelector(`body[data-state="${state}"], body[data-state="failed"]`, { timeout: patienceMs })
  expect(await page.getAttribute('body', 'data-state'), (await page.textContent('#error')) ?? '').toBe(state)
}
