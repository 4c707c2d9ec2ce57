import { webgpu } from '@ddnet/backend-webgpu'
import * as ops from '@ddnet/ops'
import { entryOf } from '@ddnet/testing'

export interface PlainTensor {
  readonly shape: number[]
  readonly dtype: 'float32' | 'int32'
  readonly data: number[]
}

// biome-ignore lint/suspicious/noExplicitAny: each operator checks its own inputs and options
type Loose = Record<string, any>
// biome-ignore lint/suspicious/noExplicitAny: as above
type Run = (inputs: Loose, options: any) => ops.Tensor

/** The operators that are checked in a page, by their fixtures' names. */
const runs: Record<string, Run> = {
  relu: ({ x }) => ops.relu(x),
  gelu: ({ x }, options) => ops.gelu(x, options),
  silu: ({ x }) => ops.silu(x),
  softplus: ({ x }, options) => ops.softplus(x, options),
  softmax: ({ logits }, { axis }) => ops.softmax(logits, axis),
  logSoftmax: ({ logits }, { axis }) => ops.logSoftmax(logits, axis),
  linear: ({ x, weight, bias }) => ops.linear(x, weight, bias),
  matMul: ({ a, b }, { transposeA, transposeB }) => ops.matMul(a, b, transposeA, transposeB),
  conv2d: ({ x, filter, ...bias }, options) => ops.conv2d(x, filter, { ...options, ...bias }),
  convTranspose2d: ({ x, filter, ...bias }, options) => ops.convTranspose2d(x, filter, { ...options, ...bias }),
  maxPool2d: ({ x }, options) => ops.maxPool2d(x, options),
  avgPool2d: ({ x }, options) => ops.avgPool2d(x, options),
  adaptiveAvgPool2d: ({ x }, { outputSize }) => ops.adaptiveAvgPool2d(x, outputSize),
  maxUnpool2d: ({ values, indices }, options) => ops.maxUnpool2d(values, indices, options),
  pixelShuffle: ({ x }, { factor }) => ops.tidy(() => ops.pixelShuffle(ops.square(x), factor)),
  interpolate: ({ x }, options) => ops.tidy(() => ops.interpolate(ops.square(x), options)),
  pad: ({ x }, { paddings, ...options }) => ops.tidy(() => ops.pad(ops.square(x), paddings, options)),
  batchNorm: ({ x, newRunningMean: _mean, newRunningVar: _var, ...others }, options) =>
    ops.tidy(() => ops.batchNorm(x, { ...options, ...others }).y),
  groupNorm: ({ x, ...others }, options) => ops.groupNorm(x, { ...options, ...others }),
  softmaxCrossEntropy: ({ logits, labels, probabilities, ...weights }, options) =>
    ops.softmaxCrossEntropy(logits, labels ?? probabilities, { ...options, ...weights }),
}

/** The value of an operator and the gradients of those inputs for a given `dy`, on WebGPU. */
async function check(
  name: string,
  options: object,
  inputs: Record<string, PlainTensor>,
  differentiable: string[],
  dy: PlainTensor,
): Promise<{ value: number[]; gradients: number[][] }> {
  await webgpu()
  const upload = ({ data, shape, dtype }: PlainTensor): ops.Tensor => ops.tensor(data, shape, dtype)
  const given = Object.fromEntries(Object.entries(inputs).map(([role, plain]) => [role, upload(plain)]))
  const xs = differentiable.map((role) => entryOf(given, role))
  const seed = upload(dy)
  const run = entryOf(runs, name)
  const { value, grads } = ops.valueAndGrads(() => run(given, options), xs, seed)
  const read = async (tensor: ops.Tensor): Promise<number[]> => [...(await tensor.data())]
  const result = { value: await read(value), gradients: await Promise.all(grads.map(read)) }
  ops.dispose([value, ...grads, seed, ...Object.values(given)])
  return result
}

export { check, runs }

Object.assign(globalThis, { check, names: Object.keys(runs) })
