import { expectLoss } from '@ddnet/layers'
import type { LossValue } from '@ddnet/losses'
import { type Scalar, ShapeError, type Tensor, toHost } from '@ddnet/ops'

/** A loss of one batch in one form: a mean and what it weighs, or a sum, where parts are added and not averaged. */
export interface LossPart {
  readonly value: Scalar
  readonly weight: Scalar | number | 'sum'
}

/** The same on the host. */
export interface MeasuredLoss {
  readonly value: number
  readonly weight: number | 'sum'
}

/**
 * What a loss function gave, checked.
 *
 * @param what names the loss in errors
 * @param samples what a scalar alone weighs
 * @throws ShapeError unless it is a float32 scalar, or such a mean with a weight, or such a sum
 */
export function lossPart(what: string, loss: LossValue, samples: number): LossPart {
  if (loss !== null && typeof loss === 'object' && !('dtype' in loss)) {
    if ('sum' in loss) {
      expectLoss(what, loss.sum)
      return { value: loss.sum, weight: 'sum' }
    }
    if ('mean' in loss && 'weight' in loss) {
      expectLoss(what, loss.mean)
      expectWeight(what, loss.weight)
      return { value: loss.mean, weight: loss.weight }
    }
    if (!('then' in (loss as object))) {
      throw new ShapeError(
        `${what}: expected a scalar, { mean, weight } or { sum }, got { ${Object.keys(loss).join(', ')} }.`,
      )
    }
  }
  expectLoss(what, loss)
  return { value: loss, weight: samples }
}

function expectWeight(what: string, weight: unknown): void {
  const fits =
    typeof weight === 'number'
      ? weight >= 0 && Number.isFinite(weight)
      : (weight as Partial<Tensor> | undefined)?.shape?.length === 0
  if (fits) return
  const { shape } = (weight ?? {}) as Partial<Tensor>
  throw new ShapeError(
    `${what}: expected its weight as a scalar or a number of at least 0, got ${shape === undefined ? weight : `[${shape}]`}.`,
  )
}

/** The tensors of a loss, which whoever has it disposes. */
export const tensorsOf = ({ value, weight }: LossPart): Tensor[] =>
  typeof weight === 'object' ? [value, weight] : [value]

export async function readLoss({ value, weight }: LossPart): Promise<MeasuredLoss> {
  const [loss, divisor] = await Promise.all([toHost(value), typeof weight === 'object' ? toHost(weight) : weight])
  return {
    value: Number(loss.data[0]),
    weight: typeof divisor === 'object' ? Number(divisor.data[0]) : divisor,
  }
}

/** Whether a loss is no number though it counts: that of a batch of weight 0 is NaN, and does not. */
export const isBroken = ({ value, weight }: MeasuredLoss): boolean =>
  (weight !== 0 && !Number.isFinite(value)) || (weight !== 'sum' && !(weight >= 0 && Number.isFinite(weight)))
