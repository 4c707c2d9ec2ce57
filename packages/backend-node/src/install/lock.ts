import { randomUUID } from 'node:crypto'
import { link, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from './context.ts'

const heartbeatMs = 5_000
const abandonedMs = 60_000
const pollMs = 200

/**
 * Runs `work` while holding the lock file at `path`. A lock whose process is dead, or which was not refreshed for a
 * minute, is taken over. Two waiting processes may both take over in the same instant: the work must be safe to do twice.
 */
export async function withLock<T>(path: string, { report, signal }: Context, work: () => Promise<T>): Promise<T> {
  const own = `${path}.${randomUUID()}`
  // Written first and linked into place, so that a lock always names its holder.
  await writeFile(own, JSON.stringify({ pid: process.pid, host: hostname() }))
  try {
    for (let waited = false; !(await isLinked(own, path)); ) {
      const holder = await holderOf(path)
      if (holder === 'nobody') continue
      if (holder === 'abandoned') {
        await rm(path, { force: true })
        continue
      }
      if (!waited) report({ type: 'note', text: `waiting for process ${holder}, which is installing or removing` })
      waited = true
      await sleep(pollMs, undefined, { signal })
    }
  } finally {
    await rm(own, { force: true })
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    // Without it another process would take over after a minute, which is safe.
    utimes(path, now, now).catch(() => {})
  }, heartbeatMs)
  heartbeat.unref()
  try {
    return await work()
  } finally {
    clearInterval(heartbeat)
    await rm(path, { force: true })
  }
}

async function isLinked(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function holderOf(path: string): Promise<number | 'nobody' | 'abandoned'> {
  try {
    const { mtimeMs } = await stat(path)
    const { pid, host } = JSON.parse(await readFile(path, 'utf8')) as { pid: number; host: string }
    if (Date.now() - mtimeMs > abandonedMs || (host === hostname() && !isRunning(pid))) return 'abandoned'
    return pid
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'nobody' // released meanwhile
    throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH' // EPERM: it runs, as somebody else
  }
}
