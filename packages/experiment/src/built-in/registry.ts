import { cifar10, folder } from './data.ts'
import { fashionMnist, mnist } from './mnist.ts'
import { article, convnet, ddnet } from './models.ts'
import { adam, adamW, lion, muon, rmsProp, sgd } from './optimizers.ts'
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
import { classification, reconstruction } from './tasks.ts'

/** The types of what comes with DDNet: files of settings are checked by them. */
export type BuiltIn =
  | typeof classification
  | typeof reconstruction
  | typeof cifar10
  | typeof folder
  | typeof mnist
  | typeof fashionMnist
  | typeof ddnet
  | typeof article
  | typeof convnet
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
  cifar10,
  folder,
  mnist,
  fashionMnist,
  ddnet,
  article,
  convnet,
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
