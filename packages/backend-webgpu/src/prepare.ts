import { errorMessage } from '@ddnet/ops/checks'
import { env } from '@tensorflow/tfjs-core'
import { DeviceError } from './device-errors.ts'

/** Pipelines that are compiled, of those that were found to be needed. */
export interface PrepareProgress {
  readonly done: number
  readonly total: number
}

/** What is needed of tfjs-backend-webgpu. */
interface Backend {
  readonly pipelineCache: Record<string, GPUComputePipeline | Promise<GPUComputePipeline>>
}

/**
 * Compiles all pipelines that `run` needs and that are not there yet, on the browser's or Dawn's own threads. `run` is
 * called once and dispatches nothing meanwhile: its results are of no use, and must be disposed.
 *
 * @param run synchronous, and without reads
 * @throws DeviceError naming the pipelines that the device refused
 */
export async function prepare(
  { pipelineCache }: Backend,
  run: () => void,
  onProgress: (progress: PrepareProgress) => void = () => {},
): Promise<void> {
  env().set('WEBGPU_ENGINE_COMPILE_ONLY', true)
  try {
    run()
  } finally {
    env().set('WEBGPU_ENGINE_COMPILE_ONLY', false)
  }
  const compiling = Object.entries(pipelineCache).filter(([, pipeline]) => pipeline instanceof Promise)
  const progress = { done: 0, total: compiling.length }
  onProgress({ ...progress })
  const refused: string[] = []
  await Promise.all(
    compiling.map(async ([key, pipeline]) => {
      try {
        pipelineCache[key] = await pipeline
      } catch (error) {
        delete pipelineCache[key]
        refused.push(errorMessage(error))
      }
      progress.done++
      onProgress({ ...progress })
    }),
  )
  if (refused.length > 0) throw new DeviceError(`webgpu: the device refused to compile: ${refused.join(' ')}`)
}
