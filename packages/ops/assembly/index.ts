export { convolve } from './convolution'
export { filterGradient } from './filter-gradient'
export { packWeights } from './pack-weights'
