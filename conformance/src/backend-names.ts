export const backendNames = ['cpu', 'wasm', 'webgpu', 'tensorflow'] as const
export type BackendName = (typeof backendNames)[number]
