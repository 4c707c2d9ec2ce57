import { Worker } from 'node:worker_threads'
import { dispose, memory, random } from '@ddnet/ops'
import { expect } from 'vitest'
import type { ClassificationSample } from '../src/dataset.ts'
import { loader } from '../src/loader.ts'
import { subset } from '../src/subset.ts'
import { workerDataset } from '../src/workers/worker-dataset.ts'

/**
 * Reads batches through two workers, one of which ends at a random moment, so many times. The loader must fail with a
 * SampleError that says so, instead of waiting or skipping what that worker was to read, and no tensor may stay.
 *
 * @param script `samples.worker.ts` as one file
 */
export async function endWorkers(script: string, { deaths, seed }: { deaths: number; seed: number }): Promise<void> {
  for (let death = 0; death < deaths; death++) {
    const key = random.key(seed).fold(death)
    const before = memory().numTensors
    const started: Worker[] = []
    const dataset = await workerDataset<ClassificationSample>(() => {
      const worker = new Worker(script)
      started.push(worker)
      return worker
    })
    const reading = readForever(dataset, key)
    setTimeout(
      () => started[random.integer(key.fold('worker'), 2)]?.terminate(),
      random.integer(key.fold('milliseconds'), 30),
    )
    await expect(reading).rejects.toMatchObject({
      name: 'SampleError',
      message: expect.stringContaining('a worker died (exit code 1)'),
    })
    dataset.dispose()
    expect(memory().numTensors).toBe(before)
  }
}

async function readForever(
  dataset: Awaited<ReturnType<typeof workerDataset<ClassificationSample>>>,
  key: random.Key,
): Promise<void> {
  const good = subset(dataset, [...Array(13).keys()])
  const [prefetch, skip] = [random.integer(key.fold('prefetch'), 4), random.integer(key.fold('skip'), 2) === 1]
  const onError = skip ? 'skip' : 'throw'
  const batches = loader(good, { batchSize: 4, shuffle: true, key, prefetch, onError })
  for (;;) for await (const { image, label } of batches) dispose([image, label])
}
