import { fileURLToPath } from 'node:url'
import type { Context } from './context.ts'
import { InstallError } from './install-error.ts'
import { CommandFailed, run } from './run.ts'

/** What a training in another process found. */
export interface Verified {
  readonly version: string
  readonly device: string
  /** Of three training steps. */
  readonly losses: readonly number[]
}

/** Runs `training-check.ts`, as built. */
export const builtTrainingCheck = (): string[] => [
  process.execPath,
  fileURLToPath(new URL('./training-check.mjs', import.meta.url)),
]

/**
 * Trains three steps with the addon, in a process of its own, and looks whether the loss falls.
 *
 * @throws InstallError saying how it ended
 */
export async function verify(
  [command = '', ...args]: readonly string[],
  addon: string,
  device: string,
  context: Context,
): Promise<Verified> {
  const failed = (reason: string, cause?: unknown) =>
    new InstallError(`TensorFlow does not train here: ${reason.replace(/(\. Run: .*|\.)$/, '')}.`, { cause })
  let answer: string
  try {
    answer = await run(command, [...args, addon, device], context)
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    const crash = error.code === 'SIGILL' ? ', for this processor lacks instructions that it needs' : ''
    throw failed(
      typeof error.code === 'string' ? `it ended the process (${error.code})${crash}` : error.lastLine(/^tensorflow: /),
      error,
    )
  }
  const { version, device: computed, losses } = JSON.parse(answer.trim().split('\n').at(-1) ?? '') as Verified
  const falls = losses.every((loss, step) => step === 0 || loss < (losses[step - 1] as number))
  if (!falls) throw failed(`expected the loss of three steps to fall, got ${losses.join(', ')}`)
  return { version, device: computed, losses }
}
