import type { ImageShape } from '../fields.ts'

/** A file of 10,000 images. */
export interface BatchFacts {
  readonly name: string
  readonly count: number
  /** sha256 of `NAME.bin` of the binary version */
  readonly binarySha256: string
  /** sha256 of its pixels as bytes `[count, 32, 32, 3]` */
  readonly imagesSha256: string
}

export interface SplitFacts {
  readonly batches: readonly BatchFacts[]
  readonly firstLabels: readonly number[]
  /** A channel, on the scale where white is 1, to five decimals. */
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** sha256 of all labels, a byte each */
  readonly labelsSha256: string
  /** For images in another order: sha256 over the sorted sha256 of each `label, pixels [32, 32, 3]`. */
  readonly sortedSha256: string
}

export interface Cifar10Facts {
  readonly train: SplitFacts
  readonly test: SplitFacts
}

export const IMAGE_SHAPE: ImageShape = [32, 32, 3]
export const IMAGE_BYTES: number = 32 * 32 * 3

/**
 * What CIFAR-10 is. The checksums of the `.bin` files are the published ones (torchvision for Ruby,
 * `datasets/cifar10.rb`); the others were computed with Python's hashlib from files that have those checksums.
 *
 * @see https://www.cs.toronto.edu/~kriz/cifar.html
 */
export const official: Cifar10Facts = {
  train: {
    batches: [
      {
        name: 'data_batch_1',
        count: 10_000,
        binarySha256: 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
        imagesSha256: 'fc115a3de050d667b88cbd5b0b9612ebf996c54230fe7758f3a14bb5af9a1c27',
      },
      {
        name: 'data_batch_2',
        count: 10_000,
        binarySha256: 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
        imagesSha256: '89e609b642f687bc796fa3bfa4211005582a0e8131d463d996d11ddb297d312e',
      },
      {
        name: 'data_batch_3',
        count: 10_000,
        binarySha256: 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
        imagesSha256: '93a365823e61729490a8801d80864ccd0ab1e8c98f19d71af65644d1c5f1486e',
      },
      {
        name: 'data_batch_4',
        count: 10_000,
        binarySha256: '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
        imagesSha256: '809eb95ecd057a36516318f5023ea619009dd70dd38193db9da43125a928e6fa',
      },
      {
        name: 'data_batch_5',
        count: 10_000,
        binarySha256: '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
        imagesSha256: 'd05b7d66d216d6df882cc760cdc0ff2f1f0437abf699ed16005c021ef0add9cb',
      },
    ],
    firstLabels: [6, 9, 9, 4, 1, 1, 2, 7, 8, 3],
    mean: [0.4914, 0.48216, 0.44653],
    std: [0.24703, 0.24349, 0.26159],
    labelsSha256: '2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253',
    sortedSha256: 'd59acf989e068e709ce686cda292672c7b212c08d29d3d3e6d8c3aa99eba6a85',
  },
  test: {
    batches: [
      {
        name: 'test_batch',
        count: 10_000,
        binarySha256: '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
        imagesSha256: 'f9b1e2130bab680db56eb06d886f7f1ad0f1183907ceff4659d1735c890f5b04',
      },
    ],
    firstLabels: [3, 8, 8, 0, 6, 6, 1, 6, 3, 1],
    mean: [0.49421, 0.48513, 0.45041],
    std: [0.24665, 0.24289, 0.26159],
    labelsSha256: 'cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5',
    sortedSha256: '899683d46c3a8c66fd56e1af12202e69fe5a4517be10b0f68e04c78fe585c57c',
  },
}
