import type { InputSpec, Module, ModuleOf } from '@ddnet/layers'
import { concat, mean, square, type Tensor } from '@ddnet/ops'
import {
  CifarDenseNet,
  CifarResNet,
  ConvNet,
  DDNet,
  DeconvNet,
  DenseNet,
  MobileNetV2,
  MultiHeadDDNet,
  PixelDDNet,
  ResNet,
  SeedDDNet,
  SegNet,
  UNet,
} from '../src/index.ts'

/** A small network that is compared with PyTorch's of that name in fixtures/models. */
export interface Comparison {
  readonly name: string
  readonly make: () => ModuleOf
  /** `[batch, height, width, 3]` */
  readonly images: readonly number[]
}

/** A row of docs/models.md. */
export interface Family {
  readonly name: string
  /** Who counted the parameters, and what a paper says. */
  readonly source: string
  /** At full size, by their names in fixtures/models/counts.json. */
  readonly variants: Readonly<Record<string, { readonly make: () => Module; readonly input: InputSpec }>>
  readonly compared: readonly Comparison[]
}

const photo = [1, 224, 224, 3]
const small = [1, 32, 32, 3]
const narrow = { channels: [4, 6, 8] }
const more = { channels: [8, 12, 16] }
const wide = [3, 16, 24, 3]

/** Several heads as one result: a number of each image for each channel of each head. */
class AllHeads extends MultiHeadDDNet<{ class: number; mask: number; image: number; objects: number }> {
  constructor() {
    super({ class: 3, mask: 2, image: 3, objects: 2 }, { ...narrow, skip: true })
  }
}
const asOne = (model: AllHeads): ModuleOf => {
  const forward = model.forward.bind(model)
  const ofPixels = (x: Tensor) => mean(square(x), [1, 2])
  const joined = (images: Tensor): Tensor => {
    const { class: logits, mask, image, objects } = forward(images)
    const maps = [mask, image, objects.heatMap, objects.size, objects.offset].map(ofPixels)
    return concat([logits, ...maps], 1) // [batch, 3 + 2 + 3 + 2 + 2 + 2]
  }
  return Object.assign(model, { forward: joined })
}

export const families: readonly Family[] = [
  {
    name: 'DDNet',
    source: 'PyTorch',
    variants: {
      ddnet: { make: () => new DDNet(), input: small },
      ddnetPixels: { make: () => new PixelDDNet({ outputs: 3, head: 'image' }), input: small },
    },
    compared: [
      ...(['stride', 'switches', 'resize'] as const).map((unpool) => ({
        name: `ddnet ${unpool}`,
        make: () => new DDNet({ ...narrow, unpool }),
        images: wide,
      })),
      { name: 'ddnet shuffle', make: () => new DDNet({ ...more, unpool: 'shuffle' }), images: [3, 8, 8, 3] },
      { name: 'ddnet skip', make: () => new DDNet({ ...more, skip: true }), images: [3, 16, 16, 3] },
      { name: 'ddnet group', make: () => new DDNet({ ...narrow, normalization: 'group', groups: 2 }), images: wide },
      { name: 'ddnet none', make: () => new DDNet({ ...narrow, normalization: 'none' }), images: wide },
      {
        name: 'ddnet all',
        make: () =>
          new PixelDDNet({ ...narrow, normalization: 'group', groups: 2, unpool: 'switches', skip: true, outputs: 4 }),
        images: [2, 16, 24, 3],
      },
      { name: 'ddnet heads', make: () => asOne(new AllHeads()), images: wide },
    ],
  },
  {
    name: 'SeedDDNet',
    source: 'PyTorch',
    variants: { article: { make: () => new SeedDDNet(), input: small } },
    compared: [{ name: 'article', make: () => new SeedDDNet(), images: [2, 6, 5, 3] }],
  },
  {
    name: 'ConvNet',
    source: 'PyTorch',
    variants: { convnet: { make: () => new ConvNet(), input: small } },
    compared: [{ name: 'convnet', make: () => new ConvNet({ channels: [4, 6] }), images: [3, 13, 16, 3] }],
  },
  {
    name: 'SegNet',
    source: 'PyTorch; 14.7 million of the encoder in Badrinarayanan et al. 2017',
    variants: { segnet: { make: () => new SegNet(), input: photo } },
    compared: [
      {
        name: 'segnet',
        make: () => new SegNet({ classes: 4, channels: [4, 6], depths: [2, 2] }),
        images: [2, 15, 22, 3],
      },
    ],
  },
  {
    name: 'DeconvNet',
    source: 'PyTorch, by the table of Noh et al. 2015',
    variants: { deconvnet: { make: () => new DeconvNet(), input: photo } },
    compared: [
      {
        name: 'deconvnet',
        make: () => new DeconvNet({ classes: 4, channels: [4, 6], depths: [2, 2], kernelSize: 3, hidden: 12 }),
        images: [3, 15, 22, 3],
      },
    ],
  },
  {
    name: 'UNet',
    source: 'PyTorch',
    variants: { unet: { make: () => new UNet(), input: photo } },
    compared: [{ name: 'unet', make: () => new UNet({ classes: 4, channels: [8, 16, 24] }), images: [2, 16, 24, 3] }],
  },
  {
    name: 'ResNet',
    source: 'torchvision',
    variants: {
      resnet18: { make: () => new ResNet(), input: photo },
      resnet34: { make: () => new ResNet({ depth: 34 }), input: photo },
      resnet50: { make: () => new ResNet({ depth: 50 }), input: photo },
    },
    compared: [
      { name: 'resnet18', make: () => new ResNet({ classes: 10, width: 8 }), images: [4, 64, 64, 3] },
      {
        name: 'resnet50',
        make: () => new ResNet({ depth: 50, classes: 10, width: 4, blocks: [1, 1, 1, 1] }),
        images: [4, 64, 64, 3],
      },
    ],
  },
  {
    name: 'CifarResNet',
    source: 'PyTorch; 0.27, 0.46 and 0.85 million in He et al. 2016',
    variants: {
      resnet20: { make: () => new CifarResNet(), input: small },
      resnet32: { make: () => new CifarResNet({ depth: 32 }), input: small },
      resnet56: { make: () => new CifarResNet({ depth: 56 }), input: small },
    },
    compared: [{ name: 'resnet14', make: () => new CifarResNet({ depth: 14, width: 8 }), images: [4, 16, 16, 3] }],
  },
  {
    name: 'DenseNet',
    source: 'torchvision',
    variants: { densenet121: { make: () => new DenseNet(), input: photo } },
    compared: [
      {
        name: 'densenet121',
        make: () => new DenseNet({ growthRate: 4, blocks: [2, 3, 2], classes: 10 }),
        images: [4, 48, 64, 3],
      },
    ],
  },
  {
    name: 'CifarDenseNet',
    source: 'torchvision, with another first convolution; 0.8 million in Huang et al. 2017',
    variants: { densenetBC: { make: () => new CifarDenseNet(), input: small } },
    compared: [
      { name: 'densenetBC', make: () => new CifarDenseNet({ depth: 16, growthRate: 4 }), images: [4, 16, 16, 3] },
    ],
  },
  {
    name: 'MobileNetV2',
    source: 'torchvision',
    variants: { mobilenetV2: { make: () => new MobileNetV2(), input: photo } },
    compared: [
      {
        name: 'mobilenetV2',
        make: () =>
          new MobileNetV2({
            classes: 10,
            widthMultiplier: 0.5,
            dropout: 0,
            stages: [
              { expansion: 1, channels: 8, blocks: 1, stride: 1 },
              { expansion: 6, channels: 8, blocks: 2, stride: 2 },
              { expansion: 6, channels: 16, blocks: 2, stride: 2 },
            ],
          }),
        images: [4, 32, 32, 3],
      },
    ],
  },
]
