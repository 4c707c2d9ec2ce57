import { add, matMul, random, type Tensor, tanh, tidy } from '@ddnet/ops'
import { defined } from '@ddnet/testing'
import { describeLoss } from '../test/describe-loss.ts'
import {
  bceWithLogits,
  centerNetFocal,
  diceLoss,
  type GanLoss,
  gaussianKl,
  giouLoss,
  gradientPenalty,
  hingeGan,
  huber,
  klDiv,
  type Loss,
  l1,
  mse,
  negativeElbo,
  nonSaturatingGan,
  sigmoidFocal,
  smoothL1,
  ssimLoss,
  wassersteinGan,
} from './index.ts'

/** The tensor of a loss, whatever its form. */
const tensorOf = (loss: Loss | Tensor): Tensor => ('mean' in loss ? loss.mean : 'sum' in loss ? loss.sum : loss)

describeLoss('mse', {
  inputs: ['predictions', 'targets'],
  run: ({ predictions, targets }, options) => tensorOf(mse(predictions, targets, options)),
})

describeLoss('l1', {
  inputs: ['predictions', 'targets'],
  run: ({ predictions, targets }, options) => tensorOf(l1(predictions, targets, options)),
})

describeLoss('smoothL1', {
  inputs: ['predictions', 'targets'],
  run: ({ predictions, targets }, options) => tensorOf(smoothL1(predictions, targets, options)),
})

describeLoss('huber', {
  inputs: ['predictions', 'targets'],
  run: ({ predictions, targets }, options) => tensorOf(huber(predictions, targets, options)),
})

describeLoss('bceWithLogits', {
  inputs: ['logits', 'targets'],
  constants: ['weight?', 'posWeight?'],
  run: ({ logits, targets, ...weights }, options) =>
    tensorOf(bceWithLogits(logits, targets, { ...options, ...weights })),
})

describeLoss('sigmoidFocal', {
  inputs: ['logits', 'targets'],
  run: ({ logits, targets }, options) => tensorOf(sigmoidFocal(logits, targets, options)),
})

describeLoss('klDiv', {
  differences: '[4, 5] reduction none logTarget True', // small targets bend too much for them
  inputs: ['logProbabilities', 'targets?'],
  constants: ['zeros?'], // targets that are 0, by which PyTorch's derivative is NaN
  run: ({ logProbabilities, targets, zeros }, options) =>
    tensorOf(klDiv(logProbabilities, defined(targets ?? zeros), options)), // one of both
})

describeLoss('gaussianKl', {
  inputs: ['mean', 'logVariance', 'priorMean?', 'priorLogVariance?'],
  run: ({ mean, logVariance, priorMean, priorLogVariance }, options) => {
    const prior =
      priorMean === undefined || priorLogVariance === undefined
        ? {}
        : { prior: { mean: priorMean, logVariance: priorLogVariance } }
    return tensorOf(gaussianKl({ mean, logVariance }, { ...options, ...prior }))
  },
})

describeLoss('negativeElbo', {
  inputs: ['reconstruction', 'mean?', 'logVariance?', 'logits?'],
  constants: ['images'],
  run: ({ reconstruction, images, mean, logVariance, logits }, options) => {
    const posterior = mean && logVariance ? { mean, logVariance } : { logits: defined(logits) } // one of both
    return tidy(() => {
      const parts = negativeElbo(reconstruction, images, posterior, options)
      return add(parts.reconstruction.mean, parts.kl.mean)
    })
  },
})

describeLoss('diceLoss', {
  inputs: ['logits', 'masks?'],
  constants: ['labels?'],
  run: ({ logits, masks, labels }, options) => tensorOf(diceLoss(logits, defined(masks ?? labels), options)), // one of both
})

describeLoss('ssimLoss', {
  inputs: ['predictions', 'targets'],
  run: ({ predictions, targets }, options) => tensorOf(ssimLoss(predictions, targets, options)),
})

describeLoss('giouLoss', {
  inputs: ['boxes', 'targets'],
  run: ({ boxes, targets }, options) => tensorOf(giouLoss(boxes, targets, options)),
})

describeLoss('centerNetFocal', {
  inputs: ['logits'],
  constants: ['heatMap'],
  run: ({ logits, heatMap }, options) => {
    const { mean, weight } = centerNetFocal(logits, heatMap, options)
    if (typeof weight !== 'number') weight.dispose()
    return mean
  },
})

const gans: Readonly<Record<string, GanLoss>> = { nonSaturatingGan, hingeGan, wassersteinGan }

describeLoss('gan', {
  inputs: ['real?', 'fake'],
  run: ({ real, fake }, { form }) => {
    const loss = gans[form] as GanLoss
    return tensorOf(real === undefined ? loss.generator(fake) : loss.discriminator(real, fake))
  },
})

describeLoss('gradientPenalty', {
  inputs: ['hidden', 'bias', 'head'],
  constants: ['samples'],
  run: ({ hidden, bias, head, samples }, options) => {
    const critic = (x: Tensor) => matMul(tanh(add(matMul(x, hidden), bias)), head)
    return tensorOf(gradientPenalty(critic, samples, samples, { key: random.key(1), ...options }))
  },
})
