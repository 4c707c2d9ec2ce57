export * as random from './random/index.ts'
export type { Key } from './random/index.ts'
