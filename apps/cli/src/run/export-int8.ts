import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { subset } from '@ddnet/datasets'
import { counted, evaluationBatchSize, evaluationLoader, heldOut, type LoadedData, type Split } from '@ddnet/experiment'
import type { ExportOnnxOptions, QuantizedLayer } from '@ddnet/formats/onnx'
import { Module } from '@ddnet/layers'
import { dispose, type Tensor, tensor, tidy, transpose } from '@ddnet/ops'
import { evaluate, type Json } from '@ddnet/trainer'
import { UsageError } from '../errors.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'
import type { UsedRun } from './use-run.ts'

/** A model as int8, and what that costs. */
export interface Int8Export {
  readonly bytes: Uint8Array
  /** Of the same model in float32. */
  readonly float32Bytes: number
  readonly calibrationImages: number
  readonly layers: readonly QuantizedLayer[]
  /** How both files do on what is held out, in ONNX Runtime; nothing where that is not installed. */
  readonly measured?: {
    readonly runtime: string
    readonly split: Split
    readonly images: number
    readonly float32: Told
    readonly int8: Told
  }
}

/** An evaluation, in words and as figures. */
interface Told {
  readonly headline: string
  readonly figures: Readonly<Record<string, Json>>
}

/** Images whose activations are looked at together. */
const calibrationBatch = 8

/**
 * Exports the model of a run as int8, with ranges of `calibrationImages` training images, evenly from all, and measures it beside the same
 * model in float32.
 *
 * @throws UsageError for more images than there are
 */
export async function exportInt8(
  run: UsedRun,
  options: ExportOnnxOptions,
  calibrationImages: number,
  io: Io,
): Promise<Int8Export> {
  const { model, config, facts, task } = run
  const { height, width, channels } = facts.image
  const shape = [1, height, width, channels]
  const data = await run.loadData()
  if (calibrationImages > data.train.length) {
    throw new UsageError(
      `--calibration ${calibrationImages}: expected no more than the ${data.train.length} training images of the run. Try --calibration ${data.train.length}`,
    )
  }
  const { exportOnnx, exportQuantizedOnnx } = await import('@ddnet/formats/onnx')
  const calibration = calibrationOf(data.train, calibrationImages, run, io)
  const { bytes, layers } = await exportQuantizedOnnx(model, shape, { ...options, calibration })
  const float32 = await exportOnnx(model, shape, options)
  const common = { bytes, layers, float32Bytes: float32.length, calibrationImages }
  const found = findOnnxRuntime(io.cwd)
  if (found === undefined) return common
  const { split, samples } = heldOut(data)
  const scoresOf = async (file: Uint8Array, label: string): Promise<Told> => {
    const session = await found.runtime.InferenceSession.create(file)
    const line = liveLine(io)
    const style = styleFor(io.stderr, io.env)
    const network = new ExportedModel()
    const batches = evaluationLoader(samples, config, evaluationBatchSize(model, config, facts.image))
    const watched = counted(batches, (done, total) =>
      line.update((columns) => countLine(`testing ${label}`, done, total, columns, style)),
    )
    const run = (image: Tensor) => runOnnx(found.runtime, session, image, options.layout ?? 'NCHW')
    const inOrder = {
      ...watched,
      // Before a batch is measured, the runtime computes what the model says of it.
      async *[Symbol.asyncIterator]() {
        for await (const batch of watched) {
          network.result = await run(batch.image)
          yield batch
        }
      },
    }
    try {
      // The step of the run, with what another program says in the place of its model.
      const scores = await evaluate({ model: network, data: inOrder, step: task.evaluate })
      const { headline, json } = task.views.report(scores)
      return { headline, figures: json }
    } finally {
      line.clear()
      await session.release()
    }
  }
  return {
    ...common,
    measured: {
      runtime: found.name,
      split,
      images: samples.length,
      float32: await scoresOf(float32, 'float32'),
      int8: await scoresOf(bytes, 'int8'),
    },
  }
}

/** Training images as the model takes them, without what is drawn at random. */
async function* calibrationOf(
  train: LoadedData['train'],
  count: number,
  { config }: UsedRun,
  io: Io,
): AsyncGenerator<Tensor> {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  // Those of a folder are sorted by class.
  const indices = Array.from({ length: count }, (_, at) => Math.floor((at * train.length) / count))
  const batches = evaluationLoader(subset(train, indices), config, calibrationBatch)
  let done = 0
  try {
    for await (const batch of batches) {
      line.update((columns) => countLine('calibrating', done++, batches.length, columns, style))
      yield batch.image
      dispose(batch)
    }
  } finally {
    line.clear()
  }
}

/** Says what a runtime said of the batch that is being measured. */
class ExportedModel extends Module {
  result: Tensor | undefined

  override forward(_image: Tensor): Tensor {
    if (this.result === undefined) throw new Error('ExportedModel: the runtime has not run yet.') // it comes first
    const { result } = this
    this.result = undefined
    return tidy(() => result)
  }
}

/** What is used of ONNX Runtime. */
interface OnnxRuntime {
  readonly env: { logLevel?: string; readonly versions: { readonly common: string } }
  readonly InferenceSession: { create(file: Uint8Array): Promise<OnnxSession> }
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor
}
interface OnnxTensor {
  readonly dims: readonly number[]
  readonly data: Float32Array
}
interface OnnxSession {
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>
  release(): Promise<void>
}

async function runOnnx(
  runtime: OnnxRuntime,
  session: OnnxSession,
  image: Tensor,
  layout: 'NCHW' | 'NHWC',
): Promise<Tensor> {
  const given = layout === 'NCHW' ? transpose(image, [0, 3, 1, 2]) : image.clone()
  const data = Float32Array.from(await given.data())
  const { output } = await session.run({ input: new runtime.Tensor('float32', data, given.shape) })
  given.dispose()
  if (output === undefined) throw new Error('the exported model has no output of that name.') // it is written so
  const result = tensor(output.data, [...output.dims])
  if (layout === 'NHWC' || result.rank !== 4) return result
  const last = transpose(result, [0, 2, 3, 1])
  result.dispose()
  return last
}

const runtimes = ['onnxruntime-node', 'onnxruntime-web'] as const

/** ONNX Runtime where the user has it, or beside this program: it is too large to bring along. */
function findOnnxRuntime(cwd: string): { name: string; runtime: OnnxRuntime } | undefined {
  for (const from of [pathToFileURL(join(cwd, 'here.js')).href, import.meta.url]) {
    for (const name of runtimes) {
      const require = createRequire(from)
      if (!resolves(require, name)) continue
      const runtime: OnnxRuntime = require(name)
      runtime.env.logLevel = 'error' // it warns of what it could not make faster
      return { name: `${name} ${runtime.env.versions.common}`, runtime }
    }
  }
  return undefined
}

function resolves(require: NodeJS.Require, name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
}
