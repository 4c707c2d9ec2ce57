export { DeviceError, DeviceLost } from './device-errors.ts'
export { type WebgpuBackend, type WebgpuOptions, webgpu } from './webgpu.ts'
