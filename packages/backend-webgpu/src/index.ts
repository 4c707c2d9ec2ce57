export { DeviceError, DeviceLost } from './device-errors.ts'
export type { PrepareProgress } from './prepare.ts'
export { type WebgpuBackend, type WebgpuOptions, webgpu } from './webgpu.ts'
