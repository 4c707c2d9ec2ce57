import {
  batchNorm,
  conv2d,
  convTranspose2d,
  exp,
  linear,
  logSoftmax,
  maxPool2d,
  mean,
  mul,
  scalar,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  square,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tanh,
  tensor,
  tidy,
  valueAndGrads,
} from '@ddnet/ops'
import { defined, describeBackends, entryOf, expectTensorClose, itemAt, operatorFixtures, upload } from '@ddnet/testing'
import { expect, test } from 'vitest'

type Inputs = Record<string, Tensor>

const ones = (size: number): Tensor1D => tensor(new Float32Array(size).fill(1))
const zeros = (size: number): Tensor1D => tensor(new Float32Array(size))
const normalised = ({ x, weight, bias }: Inputs, activation?: 'relu'): Tensor =>
  batchNorm(x as Tensor4D, {
    weight: weight as Tensor1D,
    bias: bias as Tensor1D,
    runningMean: zeros((weight as Tensor1D).size),
    runningVar: ones((weight as Tensor1D).size),
    training: true,
    ...(activation && { activation }),
  }).y

/** A DDNet in small: convolution, batch norm with ReLU, pooling, deconvolution, average, linear layer. */
const network = (inputs: Inputs): Tensor => {
  const x = conv2d(entryOf(inputs, 'x'), entryOf(inputs, 'filter'), { padding: 1 })
  const pooled = maxPool2d(normalised({ ...inputs, x }, 'relu'), { kernelSize: 2 })
  const y = convTranspose2d(pooled, entryOf(inputs, 'deconvFilter'), {
    stride: 2,
    padding: 1,
    outputPadding: 1,
    activation: 'relu',
  })
  return linear(mean(y, [1, 2]), entryOf(inputs, 'head'))
}
const labels = (): Tensor1D => tensor([2, 0, 1], [3], 'int32')

/** The functions of `fixtures/make_second_order.py`, by the names that it gives them. */
const functions: Record<string, (inputs: Inputs) => Tensor> = {
  'x * tanh(x)': ({ x }) => mul(defined(x), tanh(defined(x))),
  'x * sigmoid(x)': ({ x }) => mul(defined(x), sigmoid(defined(x))),
  'tanh(x)': ({ x }) => tanh(defined(x)),
  'sigmoid(x)': ({ x }) => sigmoid(defined(x)),
  'exp(x)': ({ x }) => exp(defined(x)),
  'softmax(x)': ({ x }) => softmax(defined(x)),
  'logSoftmax(x)': ({ x }) => logSoftmax(defined(x)),
  'crossEntropy(x, [2, 0, 1])': ({ x }) => softmaxCrossEntropy(x as Tensor2D, labels()),
  'batchNorm(x, training)': (inputs) => normalised(inputs),
  'relu(batchNorm(x, training))': (inputs) => normalised(inputs, 'relu'),
  'linear(x, weight)': ({ x, weight }) => linear(defined(x), weight as Tensor2D),
  'maxPool2d(x * x, 2)': ({ x }) => maxPool2d(square(x as Tensor4D), { kernelSize: 2 }),
  'conv2d(x * x, filter, stride 2, padding 1, dilation [1, 2])': ({ x, filter }) =>
    conv2d(square(x as Tensor4D), filter as Tensor4D, { stride: 2, padding: 1, dilation: [1, 2] }),
  'convTranspose2d(x * x, filter, stride 2, padding 1, outputPadding 1)': ({ x, filter }) =>
    convTranspose2d(square(x as Tensor4D), filter as Tensor4D, { stride: 2, padding: 1, outputPadding: 1 }),
  'network(x)': network,
  'crossEntropy(network(x), [2, 0, 1])': (inputs) => softmaxCrossEntropy(network(inputs), labels()),
}

describeBackends('second order', () => {
  test.each(operatorFixtures('secondOrder'))('$name', async ({ name, tensors }) => {
    const run = functions[name]
    if (run === undefined) throw new Error(`no function for the fixture ${name}`)
    const roles = Object.keys(tensors).filter((role) => `d${role}` in tensors && role !== 'y')
    const inputs = Object.fromEntries(roles.map((role) => [role, upload(entryOf(tensors, role))]))
    const dy = upload(entryOf(tensors, 'dy'))
    const xs = roles.map((role) => entryOf(inputs, role))

    const first = valueAndGrads(() => run(inputs), xs, dy)
    await expectTensorClose(first.value, entryOf(tensors, 'y'), 1e-5, 'y')
    for (const [index, role] of roles.entries()) {
      await expectTensorClose(itemAt(first.grads, index), entryOf(tensors, `d${role}`), 1e-5, `d${role}`)
    }

    // The gradient penalty: the squared norm of ∂y/∂x, differentiated again by every input.
    const penalty = () => tidy(() => sum(square(itemAt(valueAndGrads(() => run(inputs), xs, dy).grads, 0))))
    const second = valueAndGrads(penalty, xs)
    await expectTensorClose(second.value, entryOf(tensors, 'penalty'), 1e-5, 'penalty')
    for (const [index, role] of roles.entries()) {
      await expectTensorClose(
        itemAt(second.grads, index),
        entryOf(tensors, `penalty.d${role}`),
        1e-4,
        `penalty.d${role}`,
      )
    }
  })

  test('of x·tanh x at 0.5 is 1.209, where tfjs gives 1.573', async () => {
    const x = scalar(0.5)
    const first = () => tidy(() => valueAndGrads(() => mul(x, tanh(x)), [x]).grads[0])
    const [second] = valueAndGrads(first, [x]).grads
    // 2 sech²x (1 − x tanh x)
    const truth = (2 / Math.cosh(0.5) ** 2) * (1 - 0.5 * Math.tanh(0.5))
    expect((await second.data())[0]).toBeCloseTo(truth, 5)
  })
})
