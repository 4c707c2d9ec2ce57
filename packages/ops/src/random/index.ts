export {
  bernoulli,
  integer,
  integers,
  normal,
  normalValues,
  permutation,
  truncatedNormal,
  uniform,
  uniformValues,
} from './draw.ts'
export { Key, key } from './key.ts'
export { philox4x32 } from './philox.ts'
