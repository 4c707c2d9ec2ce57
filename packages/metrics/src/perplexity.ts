import { scalar, softmaxCrossEntropyMean, type Tensor } from '@ddnet/ops'
import type { LabelOptions } from './class-scores.ts'
import { type Measure, stateMeasure } from './measure.ts'
import { weightedMean } from './weighted-mean.ts'

/**
 * The perplexity of a model of text: `exp` of the mean cross-entropy of all tokens that count, in all batches. As many tokens it
 * chooses between, on average: 1 is certain, and the number of classes a guess. NaN without tokens.
 *
 * @param logits `[…, classes]`: `[batch, length, tokens]`
 * @param labels the next tokens `[…]`, int32, or probabilities `[…, classes]`
 * @throws what `softmaxCrossEntropy` throws
 * @see Jelinek et al. 1977; torch.exp of torch.nn.functional.cross_entropy
 */
export function perplexity(logits: Tensor, labels: Tensor, options: LabelOptions = {}): Measure {
  const { mean, weight } = softmaxCrossEntropyMean(logits, labels, options, 'perplexity')
  return stateMeasure({
    tensors: { mean, weight: typeof weight === 'number' ? scalar(weight) : weight },
    state: ({ mean, weight }) => weightedMean.update(weightedMean.init(), Number(mean.data[0]), Number(weight.data[0])),
    merge: weightedMean.merge,
    compute: (state) => Math.exp(weightedMean.compute(state)),
    better: 'lower',
    format: (value) => value.toFixed(2),
  })
}
