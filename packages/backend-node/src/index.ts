export type { Device } from './environment.ts'
export { type TensorFlowBackend, type TensorFlowOptions, tensorflow } from './tensorflow.ts'
