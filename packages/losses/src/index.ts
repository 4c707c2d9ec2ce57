export { type CrossEntropyOptions, crossEntropy } from './cross-entropy.ts'
export type { Loss, Summed } from './loss.ts'
export { type MseOptions, mse } from './mse.ts'
export { weighted } from './weighted.ts'
