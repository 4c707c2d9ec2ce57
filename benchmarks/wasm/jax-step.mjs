/**
 * Times DDNet's training step (batch norm, Adam) in jax-js on its WASM backend, as it would be written for it: channels
 * first, the whole step under `jit`, the norm and Adam written out, since the package has neither. Node gives it no threads.
 * Each line on standard input is a number of steps; the answer is their milliseconds on the clock and of all processors, as
 * JSON.
 *
 *     node jax-step.mjs PATH_OF_JAX_JS BATCH
 */
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [path, batchText] = process.argv.slice(2)
const batch = Number(batchText)
const jax = await import(pathToFileURL(path).href)
const { blockUntilReady, defaultDevice, init, jit, lax, nn, numpy: np, random, tree, valueAndGrad } = jax
await init('wasm')
defaultDevice('wasm')

const draw = (shape, seed, scale) => random.normal(random.key(seed), shape).mul(scale)
const encoder = [
  [3, 32],
  [32, 64],
  [64, 128],
]
const decoder = [
  [128, 64],
  [64, 32],
  [32, 32],
]
const stages = [...encoder, ...decoder]
const initial = {
  filters: stages.map(([from, to], index) => draw([to, from, 3, 3], index, Math.sqrt(2 / (9 * from)))),
  scales: stages.map(([, to]) => np.ones([to, 1, 1])),
  shifts: stages.map(([, to]) => np.zeros([to, 1, 1])),
  weight: draw([32, 10], 9, 0.1),
  bias: np.zeros([10]),
}
const images = draw([batch, 3, 32, 32], 10, 1)
const classes = np.array(
  Array.from({ length: batch }, (_, index) => index % 10),
  { dtype: np.int32 },
)
const labels = nn.oneHot(classes, 10)

// An argument is given away; `.ref` keeps it.
function normRelu(x, scale, shift) {
  const centered = x.ref.sub(np.mean(x, [0, 2, 3], { keepdims: true }))
  const variance = np.mean(centered.ref.mul(centered.ref), [0, 2, 3], { keepdims: true })
  return nn.relu(
    centered
      .div(np.sqrt(variance.add(1e-5)))
      .mul(scale)
      .add(shift),
  )
}

function loss({ filters, scales, shifts, weight, bias }, x, labels) {
  for (const [index, filter] of filters.entries()) {
    const encodes = index < encoder.length
    const edges = encodes ? [1, 1] : [1, 2] // of a transposed convolution with padding 1 and output padding 1
    x = lax.convGeneralDilated(x, filter, [1, 1], [edges, edges], encodes ? {} : { lhsDilation: [2, 2] })
    x = normRelu(x, scales[index], shifts[index])
    if (encodes) x = lax.reduceWindow(x, np.max, [2, 2], [2, 2])
  }
  const logits = np.matmul(np.mean(x, [2, 3]), weight).add(bias) // [batch, 10]
  return np.mean(np.sum(nn.logSoftmax(logits, -1).mul(labels), -1)).mul(-1)
}

const adamStep = jit((params, m, v, count, x, labels) => {
  const [value, gradients] = valueAndGrad(loss)(tree.ref(params), x, labels)
  const nextM = tree.map((m, g) => m.mul(0.9).add(g.mul(0.1)), m, tree.ref(gradients))
  const nextV = tree.map((v, g) => v.mul(0.999).add(g.ref.mul(g).mul(0.001)), v, gradients)
  const correctM = np.power(0.9, count.ref).mul(-1).add(1)
  const correctV = np.power(0.999, count).mul(-1).add(1)
  const update = (parameter, m, v) =>
    parameter.sub(
      m
        .div(correctM.ref)
        .mul(1e-3)
        .div(np.sqrt(v.div(correctV.ref)).add(1e-8)),
    )
  const next = tree.map(update, params, tree.ref(nextM), tree.ref(nextV))
  correctM.dispose()
  correctV.dispose()
  return [value, next, nextM, nextV]
})

const zeros = () => tree.map(({ shape }) => np.zeros(shape), initial)
const state = { params: initial, m: zeros(), v: zeros(), count: 0 }

async function step() {
  const [start, processor] = [performance.now(), process.cpuUsage()]
  state.count++
  const [value, params, m, v] = adamStep(state.params, state.m, state.v, np.array(state.count), images.ref, labels.ref)
  Object.assign(state, { params, m, v })
  await blockUntilReady([params, m, v])
  await value.data()
  const { user, system } = process.cpuUsage(processor)
  return [performance.now() - start, (user + system) / 1000]
}

console.log(JSON.stringify({ device: `jax-js, WebAssembly, 1 thread, Node ${process.version}` }))
for await (const line of createInterface({ input: process.stdin })) {
  const times = []
  for (let count = 0; count < Number(line); count++) times.push(await step())
  console.log(JSON.stringify(times))
}
process.exit()
