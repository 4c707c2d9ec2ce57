import type { BackendStarters } from './backend/backend-starters.ts'
import type { LoadData } from './data/load-data.ts'
import type { Io } from './terminal/io.ts'

/** What commands reach for outside themselves; tests hand in their own. */
export interface CommandContext {
  readonly io: Io
  readonly start: BackendStarters
  readonly loadData: LoadData
  readonly loadInstaller: LoadInstaller
  readonly version: string
  /** The words of the command line, for the record. */
  readonly args: readonly string[]
}

/** Loads what installs TensorFlow. */
type LoadInstaller = () => Promise<
  Pick<typeof import('@ddnet/backend-node/install'), 'installTensorFlow' | 'removeTensorFlow'>
>
