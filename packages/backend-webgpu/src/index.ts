export { BackendUnavailable } from './backend-unavailable.ts'
export { type WebgpuBackend, type WebgpuOptions, webgpu } from './webgpu.ts'
