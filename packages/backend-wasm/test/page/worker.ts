import { type WasmOptions, wasm } from '@ddnet/backend-wasm'
import { trainingStep } from '../training-step.ts'
import { paths } from './paths.ts'

export interface Choice extends WasmOptions {
  /** Leave the backend and its threads running. */
  keep?: boolean
}

export interface Trained {
  readonly device: string
  /** SHA-256 of each result. */
  readonly digests: readonly string[]
}

export async function digest(values: Float32Array): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', values as Float32Array<ArrayBuffer>)) // not shared
  return bytes.reduce((text, byte) => text + byte.toString(16).padStart(2, '0'), '')
}

async function train({ keep = false, ...options }: Choice): Promise<Trained> {
  const backend = await wasm({ ...options, paths })
  const results = await trainingStep()
  if (!keep) backend.dispose()
  return { device: backend.device, digests: await Promise.all(results.map(digest)) }
}

addEventListener('message', async ({ data }: MessageEvent<Choice>) => {
  postMessage(await train(data).catch((error: Error) => `${error.name}: ${error.message}`))
})
