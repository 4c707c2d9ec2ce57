export { crossEntropy } from './cross-entropy.ts'
export type { Loss, LossValue } from './loss.ts'
export { mse } from './mse.ts'
export { weighted } from './weighted.ts'
