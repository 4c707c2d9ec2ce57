import { inference, type ModuleOf, observe } from '@ddnet/layers'
import { type Tensor, tidy } from '@ddnet/ops'

/**
 * What layers of a network make of images, in inference.
 *
 * @param images `[batch, height, width, channels]`, prepared as in training
 * @param layers dotted names of modules, as in checkpoints (`encoder.0.conv`). By default the model's own children: of
 *   `DDNet` its stages (`encoder.0` is the result of convolution, norm and ReLU, before the pooling) and its head
 * @returns the last output of each layer by its name; the caller disposes them
 * @throws RangeError for a layer that the model has not, or that did not run in this pass
 * @example const { 'encoder.0': maps } = featureMaps(model, images, ['encoder.0']) // [batch, 32, 32, 32]
 */
export function featureMaps(
  model: ModuleOf<[images: Tensor], unknown>,
  images: Tensor,
  layers: readonly string[] = [...model.children().keys()],
): Record<string, Tensor> {
  return tidy(() => {
    const maps: Record<string, Tensor> = {}
    observe(
      model,
      () => inference(() => void model.forward(images)), // not predict, which frees what lies between
      ({ path, output }) => {
        maps[path] = output as Tensor
      },
      { only: layers },
    )
    for (const name of layers) {
      if (maps[name] === undefined) {
        throw new RangeError(`featureMaps: ${name} did not run. Name a layer that the forward pass goes through.`)
      }
    }
    return maps
  })
}
