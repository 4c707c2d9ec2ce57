import { type OpenedCheckpoint, RunError, type RunFolder } from '@ddnet/experiment'
import { CheckpointError } from '@ddnet/trainer'
import { catalogOfRun } from '../config/own-definitions.ts'
import type { CommandContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { shellWord } from '../terminal/shell-word.ts'
import { notARun } from './runs-on-disk.ts'

/**
 * A checkpoint of a run, whose settings and data are those in the run's folder.
 *
 * @param name `last`, `best` or the name of its folder
 * @throws CliError for what is not a run, and for a checkpoint that cannot be read, with the command that takes another one
 * @throws RunError for a folder that says something else
 */
export async function openCheckpoint(
  folder: RunFolder,
  name: string,
  { io: { cwd }, args }: Pick<CommandContext, 'io' | 'args'>,
): Promise<OpenedCheckpoint> {
  if (!(await folder.isRun())) throw new CliError(await notARun(cwd, folder.path))
  try {
    return await folder.openCheckpoint(name, (contents) => catalogOfRun(contents, cwd))
  } catch (error) {
    if (!(error instanceof CheckpointError) || error.intact === undefined) throw error
    const command = ['ddnet', ...withCheckpoint(args, error.intact)].map(shellWord).join(' ')
    throw new RunError(`${error.message} Take ${error.intact}, the newest of them that is whole: ${command}`, {
      cause: error,
    })
  }
}

/** The words of a command line, with another checkpoint. */
function withCheckpoint(args: readonly string[], name: string): string[] {
  const words = args.filter((word, at) => !/^--checkpoint(=|$)/.test(word) && args[at - 1] !== '--checkpoint')
  return [...words, '--checkpoint', name]
}
