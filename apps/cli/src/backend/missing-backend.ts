import { asCalled } from '../terminal/command-names.ts'
import type { Io } from '../terminal/io.ts'

export interface MissingBackend {
  readonly reason: string
  /** The one command that would bring it. */
  readonly fix?: string
}

/**
 * What a backend's error says: the reason, and after "Run:" the command that would help, as it is called from this shell.
 *
 * @param cuda whether TensorFlow would be wanted with CUDA
 */
export function missingBackend(message: string, env: Io['env'], cuda = false): MissingBackend {
  const [reason = '', command] = message.replace(/^\w+: /, '').split(/\s*Run: /)
  if (command === undefined) return { reason }
  const fix = asCalled(command.replace(/\.$/, ''), env)
  return { reason, fix: cuda ? fix.replace(/install tensorflow$/, '$& --cuda') : fix }
}

/** The same in a few words: `the addon is missing (ddnet backend install tensorflow)`. */
export function missingInShort(message: string, env: Io['env'], cuda = false): string {
  const { reason, fix } = missingBackend(message, env, cuda)
  return `${firstSentence(reason)}${fix === undefined ? '' : ` (${fix})`}`
}

/** `cuda:0: the addon is missing: looked here and there. So it is.` → `the addon is missing` */
const firstSentence = (text: string): string => text.replace(/^(\w+(:\d+)?: )+/, '').split(/: |[.;] |\.$/)[0] ?? text
