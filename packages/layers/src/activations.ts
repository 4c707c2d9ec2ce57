import {
  celu,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  logSoftmax,
  mish,
  prelu,
  relu,
  relu6,
  type SoftplusOptions,
  selu,
  sigmoid,
  silu,
  softmax,
  softplus,
  softsign,
  type Tensor,
  tanh,
} from '@ddnet/ops'
import { constant } from './initializers.ts'
import { Module } from './module.ts'
import { type Initializer, Parameter } from './parameter.ts'

// Activations as modules, by PyTorch's names, for places that hold a module and for summaries. A function of `@ddnet/ops` does as well
// in a `Sequential`, and has a position there, too. All take any shape, and none has a weight but `PReLU`.

/** `max(x, 0)`. Behind a convolution or norm, in a `Sequential` or `pipe`, it runs in that one's kernel. @see torch.nn.ReLU */
export class ReLU extends Module {
  override forward(x: Tensor): Tensor {
    return relu(x)
  }
}

/** `min(max(x, 0), 6)`. @see torch.nn.ReLU6 */
export class ReLU6 extends Module {
  override forward(x: Tensor): Tensor {
    return relu6(x)
  }
}

/** `max(x, 0) + negativeSlope · min(x, 0)`. @see torch.nn.LeakyReLU */
export class LeakyReLU extends Module {
  constructor(readonly config: { readonly negativeSlope?: number } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.config)
  }
}

/** `max(x, 0) + weight · min(x, 0)`, with a learned slope for all values, or one for each channel, the last axis. @see torch.nn.PReLU */
export class PReLU extends Module {
  weight: Parameter

  /**
   * @param slopes 1, or the number of channels
   * @param config.init what the slopes begin with, 0.25 by default
   */
  constructor(
    readonly slopes: number = 1,
    { init = 0.25, weightInit }: { readonly init?: number; readonly weightInit?: Initializer } = {},
  ) {
    super()
    this.weight = new Parameter([slopes], { init: weightInit ?? constant(init) })
  }

  override forward(x: Tensor): Tensor {
    return prelu(x, this.weight.value)
  }
}

/** `x` above 0, `alpha · (eˣ − 1)` below; alpha is 1 by default. @see torch.nn.ELU */
export class ELU extends Module {
  constructor(readonly config: { readonly alpha?: number } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return elu(x, this.config)
  }
}

/** `x` above 0, `alpha · (e^(x / alpha) − 1)` below; alpha is 1 by default. @see torch.nn.CELU */
export class CELU extends Module {
  constructor(readonly config: { readonly alpha?: number } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return celu(x, this.config)
  }
}

/** `1.0507 · elu(x, alpha 1.6733)`, which keeps mean 0 and variance 1. @see torch.nn.SELU; Klambauer et al. 2017 */
export class SELU extends Module {
  override forward(x: Tensor): Tensor {
    return selu(x)
  }
}

/** `x · Φ(x)` with the normal distribution's Φ, or its approximation by tanh. @see torch.nn.GELU; Hendrycks & Gimpel 2016 */
export class GELU extends Module {
  constructor(readonly config: { readonly approximate?: 'none' | 'tanh' } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return gelu(x, this.config)
  }
}

/** `x · sigmoid(x)`, also called swish. @see torch.nn.SiLU */
export class SiLU extends Module {
  override forward(x: Tensor): Tensor {
    return silu(x)
  }
}

/** `x · tanh(softplus(x))`. @see torch.nn.Mish */
export class Mish extends Module {
  override forward(x: Tensor): Tensor {
    return mish(x)
  }
}

/** `log(1 + e^(beta · x)) / beta`, and `x` where beta · x is above the threshold. @see torch.nn.Softplus */
export class Softplus extends Module {
  constructor(readonly config: SoftplusOptions = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return softplus(x, this.config)
  }
}

/** `x / (1 + |x|)`. @see torch.nn.Softsign */
export class Softsign extends Module {
  override forward(x: Tensor): Tensor {
    return softsign(x)
  }
}

/** `1 / (1 + e⁻ˣ)`. @see torch.nn.Sigmoid */
export class Sigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return sigmoid(x)
  }
}

/** `log sigmoid(x)`. @see torch.nn.LogSigmoid */
export class LogSigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return logSigmoid(x)
  }
}

/** @see torch.nn.Tanh */
export class Tanh extends Module {
  override forward(x: Tensor): Tensor {
    return tanh(x)
  }
}

/** `min(max(x, −1), 1)`, or between other bounds. @see torch.nn.Hardtanh */
export class Hardtanh extends Module {
  constructor(readonly config: { readonly min?: number; readonly max?: number } = {}) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return hardTanh(x, this.config)
  }
}

/** `min(max(x / 6 + 1/2, 0), 1)`. @see torch.nn.Hardsigmoid */
export class Hardsigmoid extends Module {
  override forward(x: Tensor): Tensor {
    return hardSigmoid(x)
  }
}

/** `x · hardSigmoid(x)`. @see torch.nn.Hardswish; Howard et al. 2019 */
export class Hardswish extends Module {
  override forward(x: Tensor): Tensor {
    return hardSwish(x)
  }
}

/** `eˣ / Σ eˣ` over an axis, counted as it is in memory; by default the last one, the channels. @see torch.nn.Softmax */
export class Softmax extends Module {
  constructor(readonly axis: number = -1) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return softmax(x, this.axis)
  }
}

/** `log softmax(x)` over an axis, counted as it is in memory; by default the last one, the channels. @see torch.nn.LogSoftmax */
export class LogSoftmax extends Module {
  constructor(readonly axis: number = -1) {
    super()
  }

  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.axis)
  }
}
