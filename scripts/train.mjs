import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join, relative } from 'node:path'
import { CommandFailed, root } from './pnpm.mjs'
import { build, install } from './prepare.mjs'

const cli = join(root, 'apps', 'cli', 'dist', 'main.mjs')

/** Brings everything up to date and trains; the exit code is the training's. */
export async function train(args) {
  try {
    await build(await install(), 'ddnet...')
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error
    process.stderr.write(
      `${error.output}\n${error.message}${error.signal === null ? '. The lines above say why.' : ''}\n`,
    )
    process.exitCode = error.signal === null ? 1 : 128 + constants.signals[error.signal]
    return
  }
  process.exitCode = await runCli(['train', 'cifar10', ...args])
}

/** Runs the command in this terminal, passes signals on, and returns its exit code. */
function runCli(args) {
  // The commands that it recommends must work as typed, and `ddnet` is not on this shell's path.
  const env = {
    ...process.env,
    DDNET_COMMAND: `node ${relative(process.cwd(), cli)}`,
    DDNET_TRAIN_COMMAND: 'npm start --',
  }
  const child = spawn(process.execPath, [cli, ...args], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]))
  })
}
