import { centernet } from './centernet.ts'
import { coco } from './coco.ts'
import { cifar10, folder } from './data.ts'
import { densenet121, densenetBC } from './densenet.ts'
import { dcgan, diffusion, diffusionGeneration, ganGeneration, vae, vaeGeneration } from './generation.ts'
import { masks } from './masks.ts'
import { fashionMnist, mnist } from './mnist.ts'
import { mobilenetV2 } from './mobilenet-v2.ts'
import { article, convnet, ddnet, ddnetPixels } from './models.ts'
import { adam, adamW, lion, muon, rmsProp, sgd } from './optimizers.ts'
import { deconvnet, segnet, unet } from './pixels.ts'
import { resnet18, resnet20, resnet32, resnet34, resnet50, resnet56 } from './resnet.ts'
import {
  constant,
  cosine,
  cosineWarmRestarts,
  exponential,
  linear,
  multiStep,
  oneCycle,
  reduceOnPlateau,
  stepDecay,
} from './schedules.ts'
import { classification, detection, reconstruction, segmentation } from './tasks.ts'

/** The types of what comes with DDNet: files of settings are checked by them. */
export type BuiltIn =
  | typeof classification
  | typeof reconstruction
  | typeof segmentation
  | typeof vaeGeneration
  | typeof ganGeneration
  | typeof diffusionGeneration
  | typeof detection
  | typeof cifar10
  | typeof folder
  | typeof mnist
  | typeof fashionMnist
  | typeof masks
  | typeof coco
  | typeof ddnet
  | typeof article
  | typeof convnet
  | typeof ddnetPixels
  | typeof unet
  | typeof segnet
  | typeof deconvnet
  | typeof centernet
  | typeof resnet18
  | typeof resnet34
  | typeof resnet50
  | typeof resnet20
  | typeof resnet32
  | typeof resnet56
  | typeof densenet121
  | typeof densenetBC
  | typeof mobilenetV2
  | typeof vae
  | typeof dcgan
  | typeof diffusion
  | typeof adam
  | typeof adamW
  | typeof sgd
  | typeof rmsProp
  | typeof lion
  | typeof muon
  | typeof oneCycle
  | typeof constant
  | typeof cosine
  | typeof cosineWarmRestarts
  | typeof linear
  | typeof exponential
  | typeof stepDecay
  | typeof multiStep
  | typeof reduceOnPlateau

/** What comes with DDNet. `[...builtIn, mine]` has yours, too. */
export const builtIn: readonly BuiltIn[] = [
  classification,
  reconstruction,
  segmentation,
  vaeGeneration,
  ganGeneration,
  diffusionGeneration,
  detection,
  cifar10,
  folder,
  mnist,
  fashionMnist,
  masks,
  coco,
  ddnet,
  article,
  convnet,
  ddnetPixels,
  unet,
  segnet,
  deconvnet,
  centernet,
  resnet18,
  resnet34,
  resnet50,
  resnet20,
  resnet32,
  resnet56,
  densenet121,
  densenetBC,
  mobilenetV2,
  vae,
  dcgan,
  diffusion,
  adam,
  adamW,
  sgd,
  rmsProp,
  lion,
  muon,
  oneCycle,
  constant,
  cosine,
  cosineWarmRestarts,
  linear,
  exponential,
  stepDecay,
  multiStep,
  reduceOnPlateau,
]
