import { resolve } from 'node:path'
import type { Installation, InstallEvent, InstallOptions } from '@ddnet/backend-node/install'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { onInterrupt } from '../terminal/interrupt.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'

/** `ddnet backend install tensorflow`. Returns the exit code. */
export async function installBackend(
  name: string,
  options: Pick<InstallOptions, 'cuda' | 'python' | 'from'>,
  { io, loadInstaller }: CommandContext,
): Promise<number> {
  expectTensorFlow(name)
  const { installTensorFlow } = await loadInstaller()
  const [python, from] = [options.python, options.from].map((path) => absolute(path, io.cwd))
  return interruptible(io, 'nothing was installed', async (signal, report) => {
    const installed = await installTensorFlow({
      ...(options.cuda !== undefined && { cuda: options.cuda }),
      ...(python !== undefined && { python }),
      ...(from !== undefined && { from }),
      environment: io.env,
      report,
      signal,
    })
    io.stdout.write(
      `${titleOf(installed)} is ${installed.isNew ? 'installed' : 'there already'}: ${installed.folder}\n`,
    )
  })
}

/** `ddnet backend remove tensorflow`. Returns the exit code. */
export async function removeBackend(name: string, { io, loadInstaller }: CommandContext): Promise<number> {
  expectTensorFlow(name)
  const { removeTensorFlow } = await loadInstaller()
  return interruptible(io, 'call it again to remove the rest', async (signal, report) => {
    const removed = await removeTensorFlow({ environment: io.env, report, signal })
    for (const each of removed) io.stdout.write(`${titleOf(each)} is removed: ${each.folder}\n`)
    if (removed.length === 0) io.stdout.write('no TensorFlow is installed\n')
  })
}

function expectTensorFlow(name: string): void {
  if (name === 'tensorflow') return
  throw new UsageError(
    `expected the backend tensorflow, got '${name}'. WebAssembly and WebGPU come with ddnet and need no installation.`,
  )
}

const titles = {
  'tensorflow-cpu': 'for the CPU',
  tensorflow: 'with CUDA',
  'tensorflow-linked': '(your addon)',
} as const satisfies Record<Installation['variant'], string>

const titleOf = ({ variant, version }: Installation) => `TensorFlow ${version} ${titles[variant]}`

/** A command keeps its name; a path is one in the user's folder. */
const absolute = (path: string | undefined, cwd: string) =>
  path === undefined || !/[/\\]|^\.+$/.test(path) ? path : resolve(cwd, path)

/** Does `work` until it ends or is interrupted, and shows what goes on: one line a phase, with the seconds on a terminal. */
async function interruptible(
  io: Io,
  whenInterrupted: string,
  work: (signal: AbortSignal, report: (event: InstallEvent) => void) => Promise<void>,
): Promise<number> {
  const say = createLogger(io)
  const line = liveLine(io)
  const controller = new AbortController()
  const interrupt = onInterrupt(io, () => controller.abort())
  let timer: NodeJS.Timeout | undefined
  const report = (event: InstallEvent) => {
    clearInterval(timer)
    line.clear()
    if (event.type === 'note') say('note', event.text)
    else if (event.type === 'done') say(event.phase, event.text)
    else if (line.live) {
      const { phase, text } = event
      const start = Date.now()
      const show = () =>
        line.update((columns) =>
          `${phase.padEnd(10)}${text}, ${Math.round((Date.now() - start) / 1000)} s`.slice(0, columns),
        )
      show()
      timer = setInterval(show, 1000)
    } else if (event.phase === 'download') say(event.phase, `${event.text} …`)
  }
  try {
    await work(controller.signal, report)
    return exitCodes.done
  } catch (error) {
    if (!controller.signal.aborted) throw error
    clearInterval(timer)
    line.clear()
    say('stopped', whenInterrupted)
    return interrupt.exitCode
  } finally {
    clearInterval(timer)
    line.clear()
    interrupt.release()
  }
}
