import { CheckpointError } from '../checkpoint/checkpoint-error.ts'
import type { Storage } from './storage.ts'

// The same functions as storage.node.ts, for pages, where a path leads nowhere.

const unavailable = (): never => {
  throw new CheckpointError(
    'a page has no folders. Give a storage instead of a path: directoryStorage(await navigator.storage.getDirectory()), or memoryStorage().',
  )
}

export const storageAt: (path: string) => Storage = unavailable
export const splitPath: (file: string) => { storage: Storage; name: string } = unavailable
