import { createRequire } from 'node:module'

/**
 * DDNet's training step (batch norm, Adam) as it is written for tfjs-node: tfjs's operators, its gradients and its Adam, on
 * the same TensorFlow. `addon` is the path of a `tfjs_binding.node`.
 */
export async function stockStep(addon, batch) {
  // As tfjs-node itself would, but for the addon, which it would have downloaded.
  const own = createRequire(new URL('../../packages/backend-node/package.json', import.meta.url))
  const tfjsNode = createRequire(own.resolve('@tensorflow/tfjs-node-gpu/package.json'))
  const util = tfjsNode('util')
  util.isNullOrUndefined ??= (value) => value === null || value === undefined // gone from Node 23
  util.isArray ??= Array.isArray
  const tf = tfjsNode('@tensorflow/tfjs')
  const { NodeJSKernelBackend } = tfjsNode('./dist/nodejs_kernel_backend.js')
  tfjsNode('./dist/register_all_kernels.js')
  const binding = tfjsNode(addon)
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node-gpu'))
  await tf.setBackend('tensorflow')
  return { version: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'GPU' : 'cpu', step: ddnet(tf, batch) }
}

function ddnet(tf, batch) {
  const stage = ([from, to], isDecoder) => ({
    isDecoder,
    filter: tf.variable(
      tf.randomNormal([3, 3, ...(isDecoder ? [to, from] : [from, to])], 0, Math.sqrt(2 / (9 * from))),
    ),
    scale: tf.variable(tf.ones([to])),
    offset: tf.variable(tf.zeros([to])),
    movingMean: tf.variable(tf.zeros([to]), false),
    movingVariance: tf.variable(tf.ones([to]), false),
  })
  const encoder = [
    [3, 32],
    [32, 64],
    [64, 128],
  ].map((sizes) => stage(sizes, false))
  const decoder = [
    [128, 64],
    [64, 32],
    [32, 32],
  ].map((sizes) => stage(sizes, true))
  const weight = tf.variable(tf.randomNormal([32, 10], 0, 0.1))
  const bias = tf.variable(tf.zeros([10]))
  const images = tf.randomNormal([batch, 32, 32, 3])
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: batch }, (_, index) => index % 10),
      'int32',
    ),
    10,
  )
  const optimizer = tf.train.adam(1e-3)

  const normRelu = (x, { scale, offset, movingMean, movingVariance }) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2])
    const move = (moving, value) => moving.assign(tf.add(tf.mul(moving, 0.9), tf.mul(value, 0.1)))
    move(movingMean, mean)
    move(movingVariance, variance)
    return tf.relu(tf.batchNorm(x, mean, variance, offset, scale, 1e-5))
  }
  const logits = () => {
    let x = images
    for (const stage of encoder) {
      x = tf.maxPool(normRelu(tf.conv2d(x, stage.filter, 1, 'same'), stage), 2, 2, 'valid')
    }
    for (const stage of decoder) {
      const [, height, width] = x.shape
      const shape = [batch, 2 * height, 2 * width, stage.scale.size]
      x = normRelu(tf.conv2dTranspose(x, stage.filter, shape, 2, 'same'), stage)
    }
    return tf.add(tf.matMul(tf.mean(x, [1, 2]), weight), bias)
  }
  return () => {
    const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(labels, logits()), true)
    const value = loss.dataSync()[0]
    loss.dispose()
    return value
  }
}
