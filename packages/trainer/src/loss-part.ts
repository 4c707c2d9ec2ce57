import { expectLoss } from '@ddnet/layers'
import type { Loss } from '@ddnet/losses'
import { add, clone, type Scalar, ShapeError, type Tensor, toHost } from '@ddnet/ops'
import type { Losses } from './step.ts'

/** A loss of one batch in one form: a mean and what it weighs, or a sum, where parts are added and not averaged. */
export interface LossPart {
  readonly value: Scalar
  readonly weight: Scalar | number | 'sum'
}

/** Those of a step by name; the only one of a step that names none is called `loss`. */
export type LossParts = Readonly<Record<string, LossPart>>

/** The same on the host. */
export interface MeasuredLoss {
  readonly value: number
  readonly weight: number | 'sum'
}

/**
 * What a step gave as its loss, checked.
 *
 * @param what names the loss in errors
 * @param samples what a scalar alone weighs
 * @throws ShapeError unless each is a float32 scalar, or such a mean with a weight, or such a sum
 */
export function lossParts(what: string, losses: Losses, samples: number): LossParts {
  if (isLoss(losses)) return { loss: lossPart(what, losses, samples) }
  const entries = Object.entries(losses)
  if (entries.length === 0) throw new Error(`${what}: expected at least one loss, got a record without entries.`)
  if (entries.length > 1 && 'loss' in losses) {
    throw new Error(`${what}: one of several losses cannot be called 'loss', which is their sum. Rename it.`)
  }
  return Object.fromEntries(entries.map(([name, loss]) => [name, lossPart(`${what} '${name}'`, loss, samples)]))
}

/** Whether it is one loss, and no record of named ones: what is neither is told by `lossPart`. */
export function isLoss(losses: Losses): losses is Loss {
  if (losses === null || typeof losses !== 'object') return true
  return ['dtype', 'then', 'mean', 'weight', 'sum'].some((name) => name in losses)
}

function lossPart(what: string, loss: Loss, samples: number): LossPart {
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
    if (!('then' in loss)) {
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

/** Their sum. */
export const totalOf = (losses: readonly LossPart[]): Scalar =>
  losses.map(({ value }) => value).reduce((sum, value) => add(sum, value))

/** The same with handles of its own. */
export const cloneParts = (losses: LossParts): LossParts =>
  Object.fromEntries(
    Object.entries(losses).map(([name, { value, weight }]) => [
      name,
      { value: clone(value), weight: typeof weight === 'object' ? clone(weight) : weight },
    ]),
  )

/** The tensors of losses, which whoever has them disposes. */
export const tensorsOf = (losses: LossParts): Tensor[] =>
  Object.values(losses).flatMap(({ value, weight }) => (typeof weight === 'object' ? [value, weight] : [value]))

export async function readLoss({ value, weight }: LossPart): Promise<MeasuredLoss> {
  const [loss, divisor] = await Promise.all([toHost(value), typeof weight === 'object' ? toHost(weight) : weight])
  return {
    value: Number(loss.data[0]),
    weight: typeof divisor === 'object' ? Number(divisor.data[0]) : divisor,
  }
}

/** Whether a loss is not a number though it counts: that of a batch of weight 0 is NaN, and does not. */
export const isBroken = ({ value, weight }: MeasuredLoss): boolean =>
  (weight !== 0 && !Number.isFinite(value)) || (weight !== 'sum' && !(weight >= 0 && Number.isFinite(weight)))
