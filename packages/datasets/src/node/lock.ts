import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorCode } from '@ddnet/ops/checks'

const HEARTBEAT_MS = 5_000
const ABANDONED_MS = 60_000
const POLL_MS = 200

/**
 * Runs `work` while holding the lock file at `path`, so that processes do not repeat each other's work.
 * A lock whose process is dead, or which was not refreshed for a minute, is taken over. Two waiting processes may both
 * take over in the same instant: the work itself must be safe to do twice.
 *
 * @param onWait told the process id of the holder, once, if there is one
 */
export async function withLock<T>(
  path: string,
  onWait: (pid: number | undefined) => void,
  work: () => Promise<T>,
): Promise<T> {
  for (let waited = false; !(await create(path)); ) {
    const holder = await holderOf(path)
    if (holder === 'abandoned') {
      await rm(path, { force: true })
      continue
    }
    if (!waited) onWait(holder.pid)
    waited = true
    await sleep(POLL_MS)
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

async function holderOf(path: string): Promise<'abandoned' | { pid: number | undefined }> {
  try {
    const { mtimeMs } = await stat(path)
    // A clock that was put back since leaves one from the future, which nobody refreshes either.
    if (Math.abs(Date.now() - mtimeMs) > ABANDONED_MS) return 'abandoned'
    const text = await readFile(path, 'utf8')
    if (text === '') return { pid: undefined } // just created, not yet written
    const { pid, host } = JSON.parse(text) as { pid: number; host: string }
    return host === hostname() && !isRunning(pid) ? 'abandoned' : { pid }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { pid: undefined } // released meanwhile
    if (error instanceof SyntaxError) return { pid: undefined } // half written: its age will tell
    throw error
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
