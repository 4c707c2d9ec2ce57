import { Linear } from '@ddnet/layers'
import { mean, type Tensor } from '@ddnet/ops'

/** Global average over height and width, then a linear layer: `[batch, height, width, channels] → [batch, classes]`. */
export class ClassHead extends Linear {
  override forward(x: Tensor): Tensor {
    return super.forward(mean(x, [1, 2]))
  }
}
