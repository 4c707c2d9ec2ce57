import { setImmediate } from 'node:timers/promises'
import { problemOf } from './errors.ts'
import { main } from './program.ts'
import { exitCodeFor, processIo } from './terminal/io.ts'
import { leaveLostTerminal } from './terminal/lost-terminal.ts'
import { reportError } from './terminal/report-error.ts'

/** Runs the command line of this process. */
export async function start(): Promise<void> {
  const io = processIo()
  // A pipe tells only later that nobody reads it.
  process.on('exit', (code) => {
    process.exitCode = exitCodeFor(code, io)
    leaveLostTerminal()
  })

  process.exitCode = await main(process.argv.slice(2), io)

  await setImmediate()
  const { failure } = io.stdout
  if (failure !== undefined && failure !== 'EPIPE') {
    reportError(io, `standard output could not be written: ${problemOf(failure) ?? failure}. What it had is lost.`)
  }
}
