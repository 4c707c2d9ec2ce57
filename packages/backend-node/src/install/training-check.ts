import {
  adamUpdate,
  BackendUnavailable,
  batchNorm,
  conv2d,
  convTranspose2d,
  maxPool2d,
  mean,
  mul,
  ones,
  random,
  square,
  sub,
  type Tensor,
  tidy,
  valueAndGrads,
  zeros,
} from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/ops/checks'
import { tensorflow } from '../tensorflow.ts'

// A process of its own, for a library that is broken may end it: `node training-check.mjs ADDON DEVICE`.

const [addon = '', device = 'auto'] = process.argv.slice(2)

/** Three steps of Adam on a small convolutional autoencoder; their losses. */
function train(): number[] {
  const key = random.key(7)
  const images = random.uniform(key.fold(0), [8, 8, 8, 3])
  let parameters: Tensor[] = [
    tidy(() => mul(0.2, random.normal(key.fold(1), [3, 3, 3, 8]))),
    tidy(() => mul(0.1, random.normal(key.fold(2), [3, 3, 3, 8]))),
  ]
  let [m, v] = tuple(
    [0, 1].map(() => parameters.map(({ shape }) => zeros(shape))),
    2,
  )
  const reconstruct = (): Tensor => {
    const [encoder, decoder] = tuple(parameters, 2)
    const [ones8, zeros8] = [ones([8]), zeros([8])]
    const { y } = batchNorm(conv2d(images, encoder, { padding: 1 }), {
      ...{ weight: ones8, bias: zeros8, runningMean: zeros8, runningVar: ones8 },
      training: true,
      activation: 'relu',
    })
    return convTranspose2d(maxPool2d(y, { kernelSize: 2 }), decoder, { stride: 2, padding: 1, outputPadding: 1 })
  }
  const adam = { learningRate: 0.02, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0, decoupled: false }
  return [1, 2, 3].map((step) => {
    const { value, grads } = valueAndGrads(() => mean(square(sub(reconstruct(), images))), parameters)
    const updated = parameters.map((parameter, i) => {
      const [gradient, mean, variance] = [grads[i], m[i], v[i]] as [Tensor, Tensor, Tensor]
      return adamUpdate({ parameter, gradient, m: mean, v: variance }, { ...adam, step })
    })
    parameters = updated.map(([parameter]) => parameter as Tensor)
    m = updated.map(([, m]) => m as Tensor)
    v = updated.map(([, , v]) => v as Tensor)
    return itemAt(value.dataSync(), 0)
  })
}

try {
  // The caller decides on 'cpu' or 'cuda:0', and 'auto' for an addon that it does not know.
  const backend = await tensorflow({ addon, device: device as 'auto' })
  process.stdout.write(`${JSON.stringify({ version: backend.version, device: backend.device, losses: train() })}\n`)
} catch (error) {
  if (!(error instanceof BackendUnavailable)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 4
}
