export { tensorflow } from '../../packages/backend-node/src/index.ts'
export { webgpu } from '../../packages/backend-webgpu/src/index.ts'
export { ddnetStep } from '../webgpu/step.ts'
