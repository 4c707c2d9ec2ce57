export type { Device } from './environment.ts'
export { findAddon } from './find-addon.ts'
export { type TensorFlowBackend, type TensorFlowOptions, tensorflow } from './tensorflow.ts'
