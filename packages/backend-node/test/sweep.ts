import type { Pair } from '@ddnet/ops'
import { itemAt, tuple } from '@ddnet/testing'
import {
  type Comparison,
  compareBatchNorm,
  compareConvolution,
  comparePoolings,
  faultIn,
} from '../src/self-check/comparison.ts'
import { tensorflow } from '../src/tensorflow.ts'

// `sweep.ts COUNT SEED`: operators of COUNT shapes drawn by SEED on TensorFlow's CPU beside float64. In a process of its own:
// TensorFlow takes oneDNN or not for the life of a process, and a fault may end it. Its last line of output is JSON.

/** Mulberry32: the shapes are the same everywhere. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Draw = (below: number) => number
const among = <T>(draw: Draw, values: readonly T[]): T => itemAt(values, draw(values.length))
const pairOf = (draw: Draw, values: readonly number[]): Pair => [among(draw, values), among(draw, values)]

/** A size that the windows fit in: at least what one reaches without its padding. */
const sizes = (draw: Draw, reach: Pair, padding: Pair): Pair =>
  tuple(
    reach.map((each, axis) => Math.max(1, each - 2 * itemAt(padding, axis)) + draw(7)),
    2,
  )

function drawConvolution(draw: Draw, seed: number): Comparison {
  const [kernelSize, stride] = [pairOf(draw, [1, 2, 3, 3, 5]), pairOf(draw, [1, 1, 2, 3])]
  const [padding, dilation] = [pairOf(draw, [0, 1, 1, 2]), draw(4) === 0 ? pairOf(draw, [1, 2, 3]) : ([1, 1] as const)]
  const reach = tuple(
    kernelSize.map((each, axis) => (each - 1) * itemAt(dilation, axis) + 1),
    2,
  )
  const groups = among(draw, [1, 1, 1, 1, 2, 3, 4])
  const [perGroup, outPerGroup] = [among(draw, [1, 1, 2, 3, 8, 17]), among(draw, [1, 1, 2, 3, 8, 17])]
  const x = [among(draw, [0, 1, 2, 3]), ...sizes(draw, reach, padding), perGroup * groups] as const
  return compareConvolution(
    { x, outChannels: outPerGroup * groups, kernelSize, stride, padding, dilation, groups },
    seed,
  )
}

function drawPooling(draw: Draw, seed: number): Comparison {
  const kernelSize = pairOf(draw, [1, 2, 2, 3, 5])
  const padding = tuple(
    kernelSize.map((each) => draw(Math.floor(each / 2) + 1)),
    2,
  )
  const x = [among(draw, [0, 1, 2, 3]), ...sizes(draw, kernelSize, [0, 0]), among(draw, [1, 2, 3, 8, 17])] as const
  return comparePoolings({ x, kernelSize, stride: pairOf(draw, [1, 2, 2, 3]), padding }, seed)
}

function drawBatchNorm(draw: Draw, seed: number): Comparison {
  const rank = 2 + draw(4)
  const shape = Array.from({ length: rank }, (_, axis) => (axis === 0 ? 2 : 1) + draw(6))
  return compareBatchNorm([...shape.slice(0, -1), among(draw, [1, 2, 3, 8, 17])], among(draw, [0, 0, 10]), seed)
}

const [count, seed] = tuple(process.argv.slice(2).map(Number), 2)
await tensorflow({ device: 'cpu' })
const draw = generator(seed)
const faults: string[] = []
for (let index = 0; index < count; index++) {
  const drawn = among(draw, [drawConvolution, drawConvolution, drawConvolution, drawPooling, drawBatchNorm])
  const fault = faultIn(drawn(draw, index), 2e-5)
  if (fault !== undefined) faults.push(fault)
}
process.stdout.write(`${JSON.stringify({ count, faults })}\n`)
