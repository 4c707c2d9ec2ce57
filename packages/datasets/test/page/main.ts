import { cifar10, type DownloadProgress } from '@ddnet/datasets'

/** What the page found, for the test to read. */
declare global {
  var found: Promise<{
    labels: number[]
    firstPixels: number[]
    classNames: readonly string[]
    progress: DownloadProgress[]
    log: string[]
  }>
  var refused: Promise<string>
}

async function look(): Promise<Awaited<typeof globalThis.found>> {
  const progress: DownloadProgress[] = []
  const log: string[] = []
  const { train, classNames } = await cifar10({
    trainShards: 2,
    log: (line) => log.push(line),
    onProgress: (event) => progress.push(event),
  })
  const samples = await Promise.all(Array.from({ length: train.length }, (_, index) => train.get(index)))
  return {
    labels: samples.map(({ label }) => label),
    firstPixels: [...(samples[0]?.image.data ?? [])],
    classNames,
    progress,
    log,
  }
}

globalThis.found = look()
globalThis.refused = cifar10({ url: 'damaged/' })
  .then(({ test }) => test.get(0))
  .then(
    () => 'accepted',
    (error: Error) => `${error.name}: ${error.message}`,
  )
