import { wasm } from '@ddnet/backend-wasm'
import { conv2d, ones, sum, valueAndGrads } from '@ddnet/ops'
import { paths } from './paths.ts'
import type { Choice, Trained } from './worker.ts'

/** Convolves ones with ones and differentiates the sum. */
export async function report() {
  const backend = await wasm({ paths })
  const [x, filter] = [ones([1, 4, 4, 3]), ones([3, 3, 3, 2])]
  const { value, grads } = valueAndGrads(() => sum(conv2d(x, filter, { padding: 1 })), [x, filter])
  return {
    device: backend.device,
    sum: (await value.data())[0],
    filterGradient: [...((await grads[1]?.data()) ?? [])].slice(0, 6),
    isolated: globalThis.crossOriginIsolated,
    threads: await wasm({ threads: 2, paths }).catch((error: Error) => `${error.name}: ${error.message}`),
  }
}

/** A training step in a worker, with each of these options in turn, or the error of it. */
export async function trainInWorker(...choices: Choice[]): Promise<(Trained | string)[]> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const results: (Trained | string)[] = []
  for (const options of choices) {
    const answer = new Promise<Trained | string>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.onerror = ({ message }) => reject(new Error(message))
    })
    worker.postMessage(options)
    results.push(await answer)
  }
  worker.terminate()
  return results
}

Object.assign(globalThis, { report, trainInWorker })
