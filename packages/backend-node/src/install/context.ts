import type { EnvironmentVariables } from '../environment.ts'

export type InstallPhase = 'download' | 'compile' | 'verify'

/** What an installation does: each phase when it starts and when it is done, and notes between them. */
export type InstallEvent =
  | { readonly type: 'started' | 'done'; readonly phase: InstallPhase; readonly text: string }
  | { readonly type: 'note'; readonly text: string }

/** What every phase needs. */
export interface Context {
  readonly environment: EnvironmentVariables
  readonly report: (event: InstallEvent) => void
  readonly signal: AbortSignal
}

/** Reports a phase when it starts and, with its seconds, when it is done. */
export async function phase<T>(
  { report }: Context,
  name: InstallPhase,
  text: string,
  work: () => Promise<T>,
  describe: (result: T) => string = () => text,
): Promise<T> {
  const start = Date.now()
  report({ type: 'started', phase: name, text })
  const result = await work()
  report({ type: 'done', phase: name, text: `${describe(result)}, ${((Date.now() - start) / 1000).toFixed(1)} s` })
  return result
}
