import type { Registry } from '../definitions.ts'
import { cifar10, folder } from './data.ts'
import { article, convnet, ddnet } from './models.ts'
import { adam, adamW, sgd } from './optimizers.ts'
import { constant, cosine, oneCycle, stepDecay } from './schedules.ts'
import { classification, reconstruction } from './tasks.ts'

/** What comes with DDNet. `[...builtIn, mine]` has yours, too. */
export const builtIn: Registry = [
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
