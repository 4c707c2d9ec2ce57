export { type Cifar10DDNet, type Cifar10Facts, cifar10DDNet, cifar10Weights } from './cifar10-ddnet.ts'
