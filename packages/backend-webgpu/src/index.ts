export { type WebgpuBackend, type WebgpuOptions, webgpu } from './webgpu.ts'
