export { cacheDirectory } from './node/cache-directory.ts'
export { isRunning } from './node/is-running.ts'
export { type LockOptions, withLock } from './node/lock.ts'
