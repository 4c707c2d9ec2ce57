import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { dispose, random } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { bundleScript } from '@ddnet/testing/bundle'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ClassificationSample, Dataset } from '../src/dataset.ts'
import { type LoaderOptions, loader } from '../src/loader.ts'
import { subset } from '../src/subset.ts'
import { serveDataset } from '../src/workers/serve-dataset.ts'
import { workerDataset } from '../src/workers/worker-dataset.ts'
import { samples } from './samples.ts'

beforeAll(() => useBackend('cpu'))

let folder: string
let script: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-workers-'))
  script = await bundleScript(new URL('./samples.worker.ts', import.meta.url), folder)
})
afterAll(() => rm(folder, { recursive: true }))

async function start(workers = 2) {
  const dataset = await workerDataset<ClassificationSample>(() => new Worker(script), { workers })
  onTestFinished(() => dataset.dispose())
  return dataset
}

async function read(dataset: Dataset<ClassificationSample>, options: LoaderOptions): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const { image, label } of loader(dataset, options)) {
    all.push([[...image.dataSync()], [...label.dataSync()]])
    dispose([image, label])
  }
  return all
}

describe('a dataset in workers', () => {
  const good = [...Array(13).keys()]
  const options = { batchSize: 4, shuffle: true, key: random.key(5) }

  test.each([1, 3])('gives what it gives without, with %d of them', async (workers) => {
    expect(await read(subset(await start(workers), good), options)).toEqual(await read(subset(samples, good), options))
  })

  test('tells the file of a sample that fails, and goes on', async () => {
    const dataset = await start()
    await expect(dataset.get(13)).rejects.toMatchObject({ name: 'DatasetError', path: 'photos/13.jpg' })
    await expect(dataset.get(24)).rejects.toThrow('expected an index in 0 … 23, got 24')
    expect((await dataset.get(3, { key: random.key(1) })).label).toBe(3)
  })

  test('fails for want of the machine as it does without, also where samples are skipped', async () => {
    const reading = read(subset(await start(), [1, 2, 23, 3]), { batchSize: 4, onError: 'skip' })
    await expect(reading).rejects.toMatchObject({ name: 'SampleError', index: 2 })
  })

  test('fails as soon as a worker dies, instead of waiting', async () => {
    const dataset = await start(1)
    const waiting = dataset.get(17, { key: random.key(1) })
    await expect(waiting).rejects.toThrow('a worker died (exit code 3). The dataset cannot be used any more.')
    await expect(dataset.get(1, { key: random.key(1) })).rejects.toThrow('a worker died (exit code 3)')
  })

  test('is at an end with the first worker that dies: samples are not skipped for it', async () => {
    const dataset = await start(2)
    // ClassificationSample 13 is skipped; 17 ends its worker, before the last batch is asked for.
    const batches = loader(dataset, { batchSize: 4, prefetch: 0, onError: 'skip', key: random.key(1) })
    const labels: number[] = []
    await expect(
      (async () => {
        for await (const batch of batches) {
          labels.push(...batch.label.dataSync())
          dispose([batch.image, batch.label])
        }
      })(),
    ).rejects.toThrow('a worker died (exit code 3)')
    expect(labels.filter((label) => label > 19)).toEqual([])
  })

  test('lets go of a sample that is not wanted any more', async () => {
    const dataset = await start(1)
    const cancel = new AbortController()
    const reason = new Error('enough')
    const waiting = dataset.get(2, { key: random.key(1), signal: cancel.signal })
    cancel.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    expect((await dataset.get(3, { key: random.key(1) })).label).toBe(3)
  })

  test('ends with dispose()', async () => {
    const dataset = await start()
    const waiting = dataset.get(1, { key: random.key(1) })
    dataset.dispose()
    await expect(waiting).rejects.toThrow('the workers were ended by dispose()')
  })

  test('that cannot be made is told as the module told it', async () => {
    const failing = await bundleScript(new URL('./no-samples.worker.ts', import.meta.url), folder)
    await expect(workerDataset(() => new Worker(failing))).rejects.toThrow(
      'cannot list the folder /no/such/folder: it is missing',
    )
    await expect(workerDataset(() => new Worker('/no/such/module.mjs'))).rejects.toThrow(
      'a worker died (Cannot find module',
    )
    await expect(workerDataset(() => new Worker(script), { workers: 0 })).rejects.toThrow(
      'workers to be a whole number from 1, got 0',
    )
  })

  test('is served from a worker alone', () => {
    expect(() => serveDataset(() => samples)).toThrow('serveDataset: expected to run in a worker')
  })
})
