import { conv2d, convTranspose2d, ones, random, sum, type Tensor, tidy, valueAndGrads } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/** DDNet's convolutions on CIFAR-10's images: size of the input, channels in and out. */
const layers = [
  { kind: 'conv2d', size: 32, inChannels: 3, outChannels: 32 },
  { kind: 'conv2d', size: 16, inChannels: 32, outChannels: 64 },
  { kind: 'conv2d', size: 8, inChannels: 64, outChannels: 128 },
  { kind: 'convTranspose2d', size: 4, inChannels: 128, outChannels: 64 },
  { kind: 'convTranspose2d', size: 8, inChannels: 64, outChannels: 32 },
  { kind: 'convTranspose2d', size: 16, inChannels: 32, outChannels: 32 },
] as const

/**
 * GFLOP/s of DDNet's six convolutions on the running backend: forward, gradient of the filter and, but for the first layer,
 * gradient of the input. A multiply-add counts as two. The median of passes that take `seconds` together, of at least one;
 * a pass before them, which compiles and warms up, does not count.
 */
export async function convolutionGflops({ batch = 32, seconds = 1 } = {}): Promise<number> {
  const key = random.key(0)
  const prepared = layers.map(({ kind, size, inChannels, outChannels }, at) => {
    const x = random.normal(key.fold(2 * at), [batch, size, size, inChannels])
    const channels = kind === 'conv2d' ? [inChannels, outChannels] : [outChannels, inChannels]
    const filter = random.normal(key.fold(2 * at + 1), [3, 3, ...channels])
    const forward = () =>
      kind === 'conv2d'
        ? conv2d(x, filter, { padding: 1 })
        : convTranspose2d(x, filter, { stride: 2, padding: 1, outputPadding: 1 })
    const outSize = kind === 'conv2d' ? size : 2 * size
    const dy = ones([batch, outSize, outSize, outChannels])
    return { forward, tensors: [x, filter, dy], inputs: at === 0 ? [filter] : [x, filter], dy }
  })
  try {
    const pass = async () => {
      // A device works in the order of its orders: it has done all when the last result arrives.
      const last = tidy(() => {
        let gradient: Tensor | undefined
        for (const { forward, inputs, dy } of prepared) gradient = valueAndGrads(forward, inputs, dy).grads.at(-1)
        return sum(gradient as Tensor)
      })
      await last.data()
      last.dispose()
    }
    await pass()
    const times = await timed(pass, seconds)
    return (batch * floatingPointWork()) / median(times) / 1e6
  } finally {
    for (const { tensors } of prepared) for (const tensor of tensors) tensor.dispose()
  }
}

/** Floating-point operations of one image. */
function floatingPointWork(): number {
  return layers.reduce((total, { size, inChannels, outChannels }, at) => {
    const multiplyAdds = size * size * 9 * inChannels * outChannels
    return total + 2 * multiplyAdds * (at === 0 ? 2 : 3)
  }, 0)
}

/** Milliseconds of runs that take `seconds` together. */
async function timed(run: () => Promise<void>, seconds: number): Promise<number[]> {
  const times: number[] = []
  const began = performance.now()
  do {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  } while (performance.now() - began < seconds * 1000)
  return times
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? itemAt(sorted, middle) : (itemAt(sorted, middle - 1) + itemAt(sorted, middle)) / 2
}
