import { constants } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CommandFailed, root } from './pnpm.mjs'
import { build, install } from './prepare.mjs'

const cli = join(root, 'apps', 'cli', 'dist', 'main.mjs')

/**
 * Brings everything up to date, and becomes `ddnet train cifar10`: in this process, so that signals, terminals and outputs that are
 * closed, and exit codes, are its own.
 */
export async function train(args, { prepare = bringUpToDate } = {}) {
  // Nobody has to watch the preparation either. The command tells by its exit code that output was lost.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  try {
    await prepare()
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    process.stderr.write(
      `${error.output}\n${error.message}${error.signal === null ? '. The lines above say why.' : ''}\n`,
    )
    process.exitCode = error.signal === null ? 1 : 128 + constants.signals[error.signal]
    return
  }
  process.argv = [process.execPath, cli, 'train', 'cifar10', ...args]
  process.env.DDNET_TRAIN_COMMAND = 'npm start --'
  await import(pathToFileURL(cli).href)
}

const bringUpToDate = async () => build(await install(), 'ddnet...')
