import {
  type AdaptiveSize,
  type AvgPool1dOptions,
  type AvgPool2dOptions,
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  avgPool1d,
  avgPool2d,
  expandDims,
  type MaxPool1dOptions,
  type MaxPool2dOptions,
  type MaxPool2dWithIndicesResult,
  maxPool1d,
  maxPool2d,
  maxPool2dWithIndices,
  ShapeError,
  squeeze,
  type Tensor,
} from '@ddnet/ops'
import { Module } from './module.ts'

// Poolings as modules, with the options of their operators, for places that hold a module and for summaries.

/** The largest value of each window, `[batch, length, channels] → [batch, outLength, channels]`. @see torch.nn.MaxPool1d */
export class MaxPool1d extends Module {
  constructor(readonly config: MaxPool1dOptions) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return maxPool1d(x, this.config)
  }
}

/** The largest value of each window, `[batch, height, width, channels] → [batch, outHeight, outWidth, channels]`. @see torch.nn.MaxPool2d */
export class MaxPool2d extends Module {
  constructor(readonly config: MaxPool2dOptions) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return maxPool2d(x, this.config)
  }
}

/**
 * The largest value of each window and where it stood, its switch: `[batch, height, width, channels] → { values, indices }`, both
 * `[batch, outHeight, outWidth, channels]`, for `MaxUnpool2d`. @see torch.nn.MaxPool2d with return_indices=True
 */
export class MaxPool2dWithIndices extends Module {
  constructor(readonly config: MaxPool2dOptions) {
    super()
  }

  override forward(x: Tensor): MaxPool2dWithIndicesResult {
    return maxPool2dWithIndices(x, this.config)
  }
}

/** The average of each window, `[batch, length, channels] → [batch, outLength, channels]`. @see torch.nn.AvgPool1d */
export class AvgPool1d extends Module {
  constructor(readonly config: AvgPool1dOptions) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return avgPool1d(x, this.config)
  }
}

/** The average of each window, `[batch, height, width, channels] → [batch, outHeight, outWidth, channels]`. @see torch.nn.AvgPool2d */
export class AvgPool2d extends Module {
  constructor(readonly config: AvgPool2dOptions) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return avgPool2d(x, this.config)
  }
}

/**
 * The average over so many windows that cover the signal, `[batch, length, channels] → [batch, outputSize, channels]`.
 *
 * @see torch.nn.AdaptiveAvgPool1d
 */
export class AdaptiveAvgPool1d extends Module {
  constructor(readonly outputSize: number) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return inOneRow('AdaptiveAvgPool1d', x, (image) => adaptiveAvgPool2d(image, [1, this.outputSize]))
  }
}

/**
 * The average over windows that cover the image, `[batch, height, width, channels] → [batch, ...outputSize, channels]`.
 *
 * @see torch.nn.AdaptiveAvgPool2d
 * @example new Sequential(new AdaptiveAvgPool2d(1), new Flatten()) // global average pooling, [batch, channels]
 */
export class AdaptiveAvgPool2d extends Module {
  /** @param outputSize height and width, or one number for both; null keeps the input's */
  constructor(readonly outputSize: AdaptiveSize) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }
}

/** As `AdaptiveAvgPool1d`, with the largest value of each window. @see torch.nn.AdaptiveMaxPool1d */
export class AdaptiveMaxPool1d extends Module {
  constructor(readonly outputSize: number) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return inOneRow('AdaptiveMaxPool1d', x, (image) => adaptiveMaxPool2d(image, [1, this.outputSize]))
  }
}

/** As `AdaptiveAvgPool2d`, with the largest value of each window. @see torch.nn.AdaptiveMaxPool2d */
export class AdaptiveMaxPool2d extends Module {
  /** @param outputSize height and width, or one number for both; null keeps the input's */
  constructor(readonly outputSize: AdaptiveSize) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize)
  }
}

/** Runs a pooling of images over a signal, as one row. */
function inOneRow(layer: string, x: Tensor, pool: (image: Tensor) => Tensor): Tensor {
  if (x.rank !== 3) throw new ShapeError(`${layer}: expected x [batch, length, channels], got [${x.shape}].`)
  return squeeze(pool(expandDims(x, 1)), 1)
}
