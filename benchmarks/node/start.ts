export { findAddon } from '../../packages/backend-node/src/find-addon.ts'
export { tensorflow } from '../../packages/backend-node/src/index.ts'
export { ddnetStep } from '../wasm/step.ts'
