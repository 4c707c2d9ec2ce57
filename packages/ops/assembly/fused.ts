// The kernels that gain from multiplying and adding in one instruction, compiled once more with it.
export { convolve } from './convolution'
export { filterGradient } from './filter-gradient'
export { matMul } from './mat-mul'
