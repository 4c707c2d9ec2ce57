import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '../checks/error.ts'
import { isRunning } from './is-running.ts'

const HEARTBEAT_MS = 5_000
const ABANDONED_MS = 60_000
const POLL_MS = 200

export interface LockOptions {
  /** Told the process that holds it, once, if there is one; nothing of one that does not say. */
  readonly onWait?: (pid: number | undefined) => void
  /** Ends the waiting. */
  readonly signal?: AbortSignal
}

/**
 * Runs `work` while holding the lock file at `path`, so that processes do not repeat each other's work.
 * A lock whose process is dead, or which was not refreshed for a minute, is taken over. Two waiting processes may both
 * take over in the same instant: the work itself must be safe to do twice.
 *
 * @throws the signal's reason when the waiting was ended; the system's error where nothing can be written
 */
export async function withLock<T>(path: string, { onWait, signal }: LockOptions, work: () => Promise<T>): Promise<T> {
  let isTold = false
  for (let looks = 1; !(await create(path)); looks++) {
    const holder = await holderOf(path)
    if (holder === 'abandoned') await rm(path, { force: true })
    if (holder === 'abandoned' || holder === 'nobody') continue
    // One that is just beginning has its name in it the next time.
    if (!isTold && (holder.pid !== undefined || looks > 1)) {
      onWait?.(holder.pid)
      isTold = true
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted())
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    // Without it, another process would take over after a minute, which is safe.
    utimes(path, now, now).catch(() => {})
  }, HEARTBEAT_MS)
  heartbeat.unref()
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await rm(path, { force: true })
  }
}

async function create(path: string): Promise<boolean> {
  try {
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}

async function holderOf(path: string): Promise<'abandoned' | 'nobody' | { pid: number | undefined }> {
  try {
    const { mtimeMs } = await stat(path)
    // A clock that was put back since leaves one from the future, which nobody refreshes either.
    if (Math.abs(Date.now() - mtimeMs) > ABANDONED_MS) return 'abandoned'
    const text = await readFile(path, 'utf8')
    if (text === '') return { pid: undefined } // just created, not yet written
    const said: Partial<Record<string, unknown>> | null = JSON.parse(text)
    const pid = typeof said?.pid === 'number' ? said.pid : undefined
    return pid !== undefined && said?.host === hostname() && !isRunning(pid) ? 'abandoned' : { pid }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'nobody' // released meanwhile
    if (error instanceof SyntaxError) return { pid: undefined } // half written: its age will tell
    throw error
  }
}
