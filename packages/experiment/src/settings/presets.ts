/** Settings by path; what a preset does not say stays at the default. */
export type Preset = Readonly<Record<string, unknown>>

const reference = {
  task: 'classification',
  data: 'cifar10',
  model: 'ddnet',
  optimizer: 'adam',
  'optimizer.learningRate': 4e-3,
  schedule: 'oneCycle',
  batchSize: 64,
} satisfies Preset

/** How long a run takes, and no more: data with a recipe of their own keep it. */
export const lengths: Readonly<Partial<Record<PresetName, Preset>>> = {
  short: { epochs: 3 },
  quick: { steps: 300, 'validation.every': 50, 'validation.images': 1000, 'checkpoint.every': 50 },
}

export type PresetName = 'ddnet' | 'short' | 'quick' | 'photos' | 'masks' | 'coco' | 'mnist' | 'article'

export const presets: Readonly<Record<PresetName, Preset>> = {
  /** The full recipe: 84.5 % on the test images with `data.validation=0`; docs/recipes/cifar10.md has one that takes longer. */
  ddnet: { ...reference, 'data.crop': 2, epochs: 10 },

  /** Some minutes without a GPU, in which there is nothing yet that crops would help: 76.3 % on WebAssembly with `data.validation=0`. */
  short: { ...reference, ...lengths.short },

  /** A look at the same recipe, of a minute or two. */
  quick: { ...reference, ...lengths.quick },

  /** Images of your own: larger ones, and fewer of them. */
  photos: {
    ...reference,
    data: 'folder',
    'data.validation': 0.2,
    'data.size': 64,
    batchSize: 32,
    'optimizer.learningRate': 2e-3,
    epochs: 20,
  },

  /** A class for each pixel: images with masks, and a small U-Net. */
  masks: {
    ...reference,
    task: 'segmentation',
    data: 'masks',
    'data.validation': 0.2,
    'data.size': 64,
    model: 'unet',
    'model.channels': [16, 32, 64, 128],
    batchSize: 16,
    'optimizer.learningRate': 2e-3,
    epochs: 20,
  },

  /** Boxes around objects, in COCO's format, and a CenterNet that is small enough for a machine without a GPU. */
  coco: {
    ...reference,
    task: 'detection',
    data: 'coco',
    'data.size': 128,
    model: 'centernet',
    'model.width': 32,
    'model.deconv': [128, 64, 64],
    batchSize: 16,
    'optimizer.learningRate': 2e-3,
    epochs: 30,
  },

  /** Digits and what else has the files of MNIST: small images in gray, for a smaller network. 98.5 % of MNIST's test images on WebAssembly. */
  mnist: {
    ...reference,
    data: 'mnist',
    'model.channels': [16, 32],
    epochs: 3,
  },

  /** The article's listing, word by word. */
  article: {
    task: 'classification',
    data: 'cifar10',
    'data.size': 224,
    'data.validation': 0,
    'data.flip': false,
    'data.mean': 0.5,
    'data.std': 0.5,
    model: 'article',
    optimizer: 'adam',
    'optimizer.learningRate': 1e-3,
    schedule: 'constant',
    batchSize: 128,
    epochs: 10,
  },
}
