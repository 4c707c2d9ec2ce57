export { tensorflow } from '../../packages/backend-node/src/index.ts'
export { wasm } from '../../packages/backend-wasm/src/index.ts'
export { modelStep, profileStep } from './steps.ts'
