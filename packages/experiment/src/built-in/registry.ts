import { cifar10, folder } from './data.ts'
import { article, convnet, ddnet } from './models.ts'
import { adam, adamW, sgd } from './optimizers.ts'
import { constant, cosine, oneCycle, stepDecay } from './schedules.ts'
import { classification, reconstruction } from './tasks.ts'

/** The types of what comes with DDNet: files of settings are checked by them. */
export type BuiltIn =
  | typeof classification
  | typeof reconstruction
  | typeof cifar10
  | typeof folder
  | typeof ddnet
  | typeof article
  | typeof convnet
  | typeof adam
  | typeof adamW
  | typeof sgd
  | typeof oneCycle
  | typeof constant
  | typeof cosine
  | typeof stepDecay

/** What comes with DDNet. `[...builtIn, mine]` has yours, too. */
export const builtIn: readonly BuiltIn[] = [
  classification,
  reconstruction,
  cifar10,
  folder,
  ddnet,
  article,
  convnet,
  adam,
  adamW,
  sgd,
  oneCycle,
  constant,
  cosine,
  stepDecay,
]
