export type { Installation } from '../installations.ts'
export type { InstallEvent } from './context.ts'
export {
  type Installed,
  type InstallOptions,
  installedTensorFlow,
  installTensorFlow,
  removeTensorFlow,
} from './install.ts'
export { InstallError } from './install-error.ts'
