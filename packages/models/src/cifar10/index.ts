export { type Cifar10DDNet, cifar10DDNet } from './cifar10-ddnet.ts'
