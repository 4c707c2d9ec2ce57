import { inference, type ModuleOf, observe } from '@ddnet/layers'
import { grad, mean, mul, oneHot, relu, ShapeError, sum, type Tensor, tensor, tidy } from '@ddnet/ops'
import { entryOf, itemAt } from '@ddnet/ops/checks'
import { featureMaps } from './feature-maps.ts'

export interface GradCamOptions {
  /** Dotted name of a layer whose output is `[batch, height, width, channels]`. */
  readonly layer: string
  /** The class to explain, one for each image. */
  readonly classes: readonly number[]
}

/**
 * Where a class is seen: gradient-weighted class activation maps.
 * `ReLU(Σₖ αₖ Aₖ)` of the layer's maps A, with `αₖ` the mean of `∂logit_class / ∂Aₖ` over height and width.
 *
 * On the layer before a head that averages and is linear (`decoder.2` of a `DDNet` with three stages), αₖ is the head's
 * weight of class and channel divided by height · width: the class activation map of Zhou et al. 2016.
 *
 * @param model its result is logits, `[batch, classes]`
 * @param images `[batch, height, width, channels]`, prepared as in training
 * @returns `[batch, layerHeight, layerWidth]`, from 0, not normalised; the caller disposes it
 * @throws RangeError for an unknown layer, a class that is none, or not one class an image; ShapeError where the layer's
 *   output is not an image or the model's result no logits
 * @see Selvaraju et al. 2017, "Grad-CAM"
 * @example gradCam(model, images, { layer: 'encoder.2', classes: [3] }) // [1, 8, 8]
 */
export function gradCam(model: ModuleOf, images: Tensor, { layer, classes }: GradCamOptions): Tensor {
  if (classes.length !== images.shape[0]) {
    throw new RangeError(`gradCam: expected one class for each of ${images.shape[0]} images, got ${classes.length}.`)
  }
  return tidy(() => {
    const maps = entryOf(featureMaps(model, images, [layer]), layer) // [batch, height, width, channels]
    if (maps.rank !== 4) {
      throw new ShapeError(
        `gradCam: expected the output of ${layer} to be [batch, height, width, channels], got [${maps.shape}]. Name a layer before the average over height and width.`,
      )
    }
    // The network again from `maps` on: what comes before it is computed and not used, so that any Module will do.
    const scores = (maps: Tensor): Tensor => {
      const logits = observe(
        model,
        () => inference(() => model.forward(images)),
        () => ({ output: maps }),
        { only: [layer] },
      )
      return sum(mul(logits, chosen(logits, classes)))
    }
    const weights = mean(grad(scores)(maps), [1, 2], true) // [batch, 1, 1, channels]
    return relu(sum(mul(weights, maps), -1))
  })
}

/** Ones at the class of each row of logits. */
function chosen(logits: Tensor, classes: readonly number[]): Tensor {
  if (logits.rank !== 2) throw new ShapeError(`gradCam: expected logits [batch, classes], got [${logits.shape}].`)
  const count = itemAt(logits.shape, 1)
  for (const each of classes) {
    if (!Number.isInteger(each) || each < 0 || each >= count) {
      throw new RangeError(`gradCam: expected classes in 0 … ${count - 1}, got ${each}.`)
    }
  }
  return oneHot(tensor([...classes], undefined, 'int32'), count)
}
