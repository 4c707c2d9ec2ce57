import {
  cast,
  detach,
  div,
  equal,
  logSigmoid,
  maximum,
  mul,
  neg,
  sigmoid,
  sub,
  sum,
  type Tensor,
  tidy,
  type WeightedMean,
  where,
} from '@ddnet/ops'
import { expectAlike, expectAtLeast, expectNames } from './checks.ts'
import { powerOf } from './power.ts'

export interface CenterNetFocalOptions {
  /** How much less counts what is right already: 2 by default. */
  readonly alpha?: number
  /** How much less counts a place near a centre: 4 by default. */
  readonly beta?: number
}

/**
 * Focal loss of heat maps, whose targets are 1 at the centres of objects and fall off around them: the sum over all places of
 *
 * - `−(1 − σ(x))^alpha · log σ(x)` where the target is 1
 * - `−(1 − t)^beta · σ(x)^alpha · log(1 − σ(x))` elsewhere
 *
 * divided by the number of centres, which is the weight. A batch without any is divided by 1, and weighs as much as one
 * object: it has places that must not glow.
 *
 * @param logits `[batch, height, width, classes]`, or any shape, float32
 * @param heatMap targets from 0 to 1, the same shape
 * @throws ShapeError for tensors of different shapes; RangeError unless `alpha` and `beta` are at least 0
 * @see Law and Deng 2018, "CornerNet", equation 1; Zhou et al. 2019, "Objects as points", equation 1
 */
export function centerNetFocal(logits: Tensor, heatMap: Tensor, options: CenterNetFocalOptions = {}): WeightedMean {
  expectNames('centerNetFocal', options, ['alpha', 'beta'])
  const { alpha = 2, beta = 4 } = options
  expectAtLeast('centerNetFocal', 'alpha', alpha, 0)
  expectAtLeast('centerNetFocal', 'beta', beta, 0)
  expectAlike('centerNetFocal', { logits, heatMap })
  return tidy(() => {
    const isCentre = equal(heatMap, 1)
    const centre = mul(powerOf(sigmoid(neg(logits)), alpha), logSigmoid(logits))
    const around = mul(mul(powerOf(sub(1, heatMap), beta), powerOf(sigmoid(logits), alpha)), logSigmoid(neg(logits)))
    const weight = maximum(sum(detach(cast(isCentre, 'float32'))), 1)
    return { mean: div(neg(sum(where(isCentre, centre, around))), weight), weight }
  })
}
