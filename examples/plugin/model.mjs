import { Conv2d, Linear, Module } from '@ddnet/layers'
import { mean } from '@ddnet/ops'
import { defineModel, z } from 'ddnet'
import { Squareplus } from './layer.mjs'
import { registerKernels } from './squareplus.mjs'

class SmallNet extends Module {
  constructor({ channels, width, outputs }) {
    super()
    this.conv = new Conv2d(channels, width, { kernelSize: 3, padding: 1 })
    this.activation = new Squareplus()
    this.head = new Linear(width, outputs)
  }

  forward(image) {
    const features = this.activation.forward(this.conv.forward(image)) // [batch, height, width, channels]
    return this.head.forward(mean(features, [1, 2])) // [batch, outputs]
  }
}

/** `model=./model.mjs`, which has the setting `model.width`. */
export default defineModel({
  name: 'small-net',
  tasks: ['radius'], // by the names in their definitions
  options: z.strictObject({ width: z.int().positive().default(8).describe('Channels of the convolution') }),
  create({ width }, { image, outputs }) {
    registerKernels()
    return new SmallNet({ channels: image.channels, width, outputs })
  },
})
