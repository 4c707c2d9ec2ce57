import { Conv2d, DeconvBlock, initializers, Module, pipe, Sequential } from '@ddnet/layers'
import { centerNetFocal, l1 } from '@ddnet/losses'
import { div, mul, relu, sum, type Tensor, type WeightedMean } from '@ddnet/ops'
import type { DetectionTargets } from './center-net-boxes.ts'
import type { DetectionMaps } from './ddnet-heads.ts'
import { expectChannels } from './expect-channels.ts'
import { ResNetBody, type ResNetBodyOptions } from './resnet.ts'

/** A convolution of 3 × 3, then so many values of each pixel. */
class CentreHead extends Sequential {
  constructor(inChannels: number, hidden: number, outputs: number, bias = 0) {
    super(
      new Conv2d(inChannels, hidden, { kernelSize: 3, padding: 1 }),
      relu,
      new Conv2d(hidden, outputs, { kernelSize: 1, biasInit: initializers.constant(bias) }),
    )
  }
}

export interface CenterNetOptions {
  readonly inChannels?: number
  /** Kinds of objects: 80 by default, as in COCO. */
  readonly classes?: number
  /** Of the ResNet that sees the image: 18 by default. */
  readonly depth?: ResNetBodyOptions['depth']
  /** Channels of the ResNet's first stage. */
  readonly width?: number
  /** Channels of the transposed convolutions, each of which doubles height and width. */
  readonly deconv?: readonly number[]
  /** Channels in the middle of each head. */
  readonly hidden?: number
}

/**
 * Objects as points: a ResNet, transposed convolutions that bring its features back to a quarter of the image's size, and for each place there a
 * heat map of the centres of each class, the width and height of the box, and how far the centre is from the place, in places.
 *
 * `forward`: `[batch, height, width, inChannels] → { heatMap, size, offset }`, whose height and width are the image's over the stride 4; it is 8 with
 * two transposed convolutions instead of three. `centerNetLoss` trains it on `detectionTargets`, and `decodeDetections` gives boxes. Images are as `imageNet` says, where
 * the ResNet begins with weights for it: `model.backbone.loadStateDict(pretrained, { strict: false })`. 15,820,372 parameters by default.
 *
 * @see Zhou et al. 2019, "Objects as points", whose ResNet-18 this is, with plain convolutions; Xiao et al. 2018
 * @example const model = init(new CenterNet({ classes: 3 }), random.key(42))
 */
export class CenterNet extends Module {
  readonly backbone: ResNetBody
  readonly deconv: readonly DeconvBlock[]
  readonly heads: { readonly heatMap: CentreHead; readonly size: CentreHead; readonly offset: CentreHead }

  /** @throws RangeError for a depth that there is not, and channels that are not positive integers */
  constructor(options: CenterNetOptions = {}) {
    super()
    const { inChannels = 3, classes = 80, depth = 18, width = 64, deconv = [256, 256, 256], hidden = 64 } = options
    expectChannels('CenterNet', [inChannels, classes, width, hidden, ...deconv])
    this.backbone = new ResNetBody({ depth, inChannels, width })
    this.deconv = deconv.map(
      (count, stage) => new DeconvBlock(deconv[stage - 1] ?? this.backbone.outChannels, count, { kernelSize: 4 }),
    )
    const channels = deconv.at(-1) ?? this.backbone.outChannels
    this.heads = {
      heatMap: new CentreHead(channels, hidden, classes, -2.19), // a tenth: log(0.1 / 0.9), as Lin et al. 2017 begin rare classes
      size: new CentreHead(channels, hidden, 2),
      offset: new CentreHead(channels, hidden, 2),
    }
  }

  override forward(images: Tensor): DetectionMaps {
    const { heatMap, size, offset } = this.heads
    const x = pipe(this.backbone.forward(images), ...this.deconv) // [batch, height / 4, width / 4, channels]
    return { heatMap: heatMap.forward(x), size: size.forward(x), offset: offset.forward(x) }
  }
}

/** What each head makes small; all three count by objects. */
export interface CenterNetLosses {
  readonly heatMap: WeightedMean
  readonly size: WeightedMean
  readonly offset: WeightedMean
}

export interface CenterNetLossOptions {
  /** How much the error of a size counts: 0.1 by default. */
  readonly sizeWeight?: number
  /** How much the error of an offset counts: 1 by default. */
  readonly offsetWeight?: number
}

/**
 * The losses of objects as points: CenterNet's focal loss of the heat map, and the mean absolute errors of size and offset at the centres
 * alone. The weight of all three is the number of objects.
 *
 * @throws ShapeError for tensors of different shapes
 * @see Zhou et al. 2019, equations 1 to 4
 * @example step: ({ image, objects }, { model }) => ({ loss: { ...centerNetLoss(model.forward(image), objects) } })
 */
export function centerNetLoss(
  { heatMap, size, offset }: DetectionMaps,
  targets: DetectionTargets,
  { sizeWeight = 0.1, offsetWeight = 1 }: CenterNetLossOptions = {},
): CenterNetLosses {
  const focal = centerNetFocal(heatMap, targets.heatMap)
  const atCentres = (found: Tensor, target: Tensor, weight: number): WeightedMean => {
    const errors = l1(mul(found, targets.centres), mul(target, targets.centres), { reduction: 'none' })
    return { mean: mul(weight / 2, div(sum(errors), focal.weight)), weight: focal.weight }
  }
  return {
    heatMap: focal,
    size: atCentres(size, targets.size, sizeWeight),
    offset: atCentres(offset, targets.offset, offsetWeight),
  }
}
