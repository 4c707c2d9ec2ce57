import type { Tensor } from '@ddnet/ops'
import * as ort from 'onnxruntime-web'

/** What ONNX Runtime computes: each output's shape and values. */
export async function runOnnx(
  file: Uint8Array,
  inputs: Readonly<Record<string, Tensor>>,
): Promise<Record<string, { shape: readonly number[]; values: number[] }>> {
  ort.env.logLevel = 'error'
  const session = await ort.InferenceSession.create(file)
  const feeds = await Promise.all(
    Object.entries(inputs).map(async ([name, x]) => {
      const data = await x.data()
      const tensor =
        x.dtype === 'int32' ? new ort.Tensor('int32', data, x.shape) : new ort.Tensor('float32', data, x.shape)
      return [name, tensor] as const
    }),
  )
  const results = await session.run(Object.fromEntries(feeds))
  await session.release()
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { shape: dims, values: Array.from(data, Number) }]),
  )
}
