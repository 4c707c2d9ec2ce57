import { reshape, type Tensor, transpose } from '@ddnet/ops'
import { itemAt, lastItem } from '@ddnet/ops/checks'

/** Whether the channels, last, have no position to be told from, so that moving them moves nothing. */
const isOneDeep = ({ shape }: Tensor): boolean =>
  shape.at(-1) === 1 || shape.slice(1, -1).every((positions) => positions === 1)

/** `[batch, …, channels]` as PyTorch has it, `[batch, channels, …]`; matrices are the same in both. */
export function channelsFirst(x: Tensor): Tensor {
  if (x.rank < 3) return x
  const shape = [itemAt(x.shape, 0), lastItem(x.shape), ...x.shape.slice(1, -1)]
  if (isOneDeep(x)) return reshape(x, shape)
  return transpose(x, [0, x.rank - 1, ...Array.from({ length: x.rank - 2 }, (_, at) => at + 1)])
}

/** `[batch, channels, …]` as it is here, `[batch, …, channels]`. */
export function channelsLast(x: Tensor): Tensor {
  if (x.rank < 3) return x
  return transpose(x, [0, ...Array.from({ length: x.rank - 2 }, (_, at) => at + 2), 1])
}
