import { CheckpointError } from './checkpoint-error.ts'

// The same functions as storage.node.ts, for pages, which have no folders.

const unavailable = (): never => {
  throw new CheckpointError(
    'a page has no folders. For a checkpoint, take control.snapshot() and save the files of encodeCheckpoint(snapshot); for a log, give a function as `to`.',
  )
}

export const splitPath: (file: string) => { directory: string; name: string } = unavailable
export const readFile: (directory: string, name: string) => Promise<Uint8Array | undefined> = unavailable
export const list: (directory: string) => Promise<string[]> = unavailable
export const writeFolder: (
  directory: string,
  name: string,
  files: Readonly<Record<string, Uint8Array>>,
) => Promise<void> = unavailable
export const replaceFile: (directory: string, name: string, bytes: Uint8Array) => Promise<void> = unavailable
export const append: (directory: string, name: string, bytes: Uint8Array) => Promise<void> = unavailable
export const linkTo: (directory: string, name: string, target: string) => Promise<void> = unavailable
export const removeFolder: (directory: string, name: string) => Promise<void> = unavailable
export const removeLeftovers: (directory: string) => Promise<void> = unavailable
export const renameFolder: (directory: string, from: string, name: string) => Promise<string> = unavailable
export const flush: (directory: string, name: string) => Promise<void> = unavailable
