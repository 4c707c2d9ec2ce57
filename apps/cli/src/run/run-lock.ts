import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { z } from 'zod'
import { CliError } from '../errors.ts'
import { readText } from '../files.ts'
import { printable } from '../terminal/printable.ts'

// The locks of @ddnet/datasets and @ddnet/backend-node wait for each other's work, which may be done twice, and take over after a
// minute of silence. This one is of another kind: it refuses, and a process that sleeps for an hour still has its run.

/** A process, told from others that come to have its number. */
const writerSchema = z.object({
  pid: z.int(),
  /** What this host calls itself, with what tells it from others of its name where the system has that. */
  host: z.string(),
  machine: z.string(),
  /** Since when this host runs, and in which space of process numbers: a container has one of its own. */
  boot: z.string(),
  space: z.string(),
  /** When the process began, as the system counts. */
  began: z.string(),
  startedAt: z.string(),
  command: z.string(),
})
type Writer = z.infer<typeof writerSchema>

/** The right to write into a run. */
export interface RunLock {
  release(): Promise<void>
}

/**
 * Makes this process the one writer of a run, as `writer.json` in its folder says: the file is linked into place whole, so that
 * one process alone makes it. The lock of a process that is dead is taken over; that of another machine or container is not,
 * since nobody can tell from here.
 *
 * @param path the file
 * @param run the run as the user would type it
 * @throws CliError naming the process that writes, and what to do
 */
export async function lockRun(path: string, run: string, args: readonly string[]): Promise<RunLock> {
  const text = `${JSON.stringify(self(args), undefined, 2)}\n`
  const own = `${path}.${randomUUID()}`
  await writeNew(own, text)
  try {
    if (!(await isLinked(own, path))) await takeOver(own, path, run)
  } finally {
    await rm(own, { force: true })
  }
  return {
    async release() {
      // Somebody may have removed it, and somebody else have begun.
      if ((await readText(path)) === text) await rm(path, { force: true })
    },
  }
}

/** Replaces the lock of a dead process. Two that try at once are told apart by a file that one of them makes. */
async function takeOver(own: string, path: string, run: string): Promise<void> {
  refuseIfAlive(await holder(path), path, run)
  const turn = `${path}.turn`
  if (!(await isLinked(own, turn))) {
    throw new CliError(
      `another process is about to go on with ${run}. Where there is none, remove ${turn} and try again.`,
    )
  }
  try {
    refuseIfAlive(await holder(path), path, run) // it may have been taken over before it was our turn
    await rm(path, { force: true })
    if (!(await isLinked(own, path))) refuseIfAlive(await holder(path), path, run)
  } finally {
    await rm(turn, { force: true })
  }
}

function refuseIfAlive(found: Writer | 'nobody' | 'unknown', path: string, run: string): void {
  if (found === 'nobody') return
  const remedy = `remove ${path} and try again.`
  if (found === 'unknown') {
    throw new CliError(
      `${path} says that a process writes into ${run}, and does not say which. Where there is none, ${remedy}`,
    )
  }
  const { pid, host, startedAt, command } = found
  const who = `process ${pid} on ${printable(host)}, since ${printable(startedAt)} (${printable(command)})`
  const state = stateOf(found)
  if (state === 'dead') return
  const what =
    state === 'alive'
      ? `Wait for it, or stop it: kill ${pid}`
      : `It is of another machine or container, where this one cannot look. If it does not run any more, ${remedy}`
  throw new CliError(`${run} is being trained by ${who}. ${what}`)
}

async function holder(path: string): Promise<Writer | 'nobody' | 'unknown'> {
  const text = await readText(path)
  if (text === undefined) return 'nobody'
  try {
    return writerSchema.parse(JSON.parse(text))
  } catch {
    return 'unknown'
  }
}

/** Whether a writer lives, as far as it can be told from here. */
function stateOf(writer: Writer): 'alive' | 'dead' | 'elsewhere' {
  const here = place()
  if (writer.host !== here.host || writer.machine !== here.machine) return 'elsewhere'
  if (writer.boot !== here.boot) return 'dead' // the machine was started again
  if (writer.space !== here.space) return 'elsewhere'
  if (!isRunning(writer.pid)) return 'dead'
  const began = beganAt(writer.pid)
  // A number is given again to another process, which began later.
  return began !== '' && writer.began !== '' && began !== writer.began ? 'dead' : 'alive'
}

const self = (args: readonly string[]): Writer => ({
  pid: process.pid,
  ...place(),
  began: beganAt(process.pid),
  startedAt: new Date().toISOString(),
  command: ['ddnet', ...args].join(' '),
})

const place = () => ({
  host: hostname(),
  machine: contentOf('/etc/machine-id'),
  boot: contentOf('/proc/sys/kernel/random/boot_id'),
  space: target('/proc/self/ns/pid'),
})

/** The 22nd word of a process's `stat` in Linux, behind its name, which may have spaces; nothing elsewhere. */
const beganAt = (pid: number): string =>
  contentOf(join('/proc', String(pid), 'stat'))
    .replace(/^.*\)/s, '')
    .trim()
    .split(' ')[19] ?? ''

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH' // EPERM: it runs, as somebody else
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(text)
    await file.sync() // an empty lock would name nobody
  } finally {
    await file.close()
  }
}

/** Gives a file a second name, where nothing has it; on disks without links, a copy. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (code === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) {
      throw Object.assign(error as NodeJS.ErrnoException, { path: dirname(to) })
    }
  }
  try {
    await writeNew(to, (await readText(from)) ?? '')
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}
