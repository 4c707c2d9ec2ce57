import { clamp } from '@ddnet/ops'
import type { GradientTransformation } from './gradient-transformation.ts'
import { perParameter } from './per-parameter.ts'

/**
 * Brings each number of each gradient into [−maxValue, maxValue].
 *
 * @throws RangeError unless `maxValue` is above 0
 * @see torch.nn.utils.clip_grad_value_
 */
export function clipByValue(maxValue: number): GradientTransformation {
  if (!(maxValue > 0)) throw new RangeError(`clipByValue: expected maxValue above 0, got ${maxValue}.`)
  return perParameter({
    name: 'clipByValue',
    update: ({ update }) => ({ update: clamp(update, { min: -maxValue, max: maxValue }) }),
  })
}
