import { access, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { withLock } from './lock.ts'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-lock-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const noWait = { onWait: () => expect.fail('must not wait') }

test('one holder at a time, and the waiting one is told whom it waits for', async () => {
  const path = join(await temporaryFolder(), 'lock')
  const events: string[] = []
  const waitedFor: unknown[] = []
  const work = (name: string) => async () => {
    events.push(`${name} begins`)
    await sleep(300)
    events.push(`${name} ends`)
  }
  const first = withLock(path, noWait, work('first'))
  await sleep(50)
  await Promise.all([first, withLock(path, { onWait: (pid) => void waitedFor.push(pid) }, work('second'))])
  expect(events).toEqual(['first begins', 'first ends', 'second begins', 'second ends'])
  expect(waitedFor).toEqual([process.pid])
})

test('it is released when the work fails', async () => {
  const path = join(await temporaryFolder(), 'lock')
  await expect(withLock(path, noWait, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  await expect(access(path)).rejects.toThrow('ENOENT')
})

test('the lock of a dead process is taken over at once', async () => {
  const path = join(await temporaryFolder(), 'lock')
  const deadPid = 2 ** 22 + 1 // above the largest pid of Linux
  await writeFile(path, JSON.stringify({ pid: deadPid, host: hostname() }))
  expect(await withLock(path, noWait, async () => 'done')).toBe('done')
})

test.each([
  ['a lock that nobody refreshed for a minute', -61_000],
  ['a lock from before the clock was put back by a minute', 61_000],
])('%s is taken over', async (_, fromNowMs) => {
  const path = join(await temporaryFolder(), 'lock')
  await writeFile(path, JSON.stringify({ pid: 1, host: 'another machine' }))
  const then = new Date(Date.now() + fromNowMs)
  await utimes(path, then, then)
  expect(await withLock(path, noWait, async () => 'done')).toBe('done')
})

test('one that is just beginning is waited for, and told by its name once it has one', async () => {
  const path = join(await temporaryFolder(), 'lock')
  await writeFile(path, '')
  setTimeout(() => writeFile(path, JSON.stringify({ pid: 7, host: 'another machine' })), 50)
  const waitedFor: unknown[] = []
  const onWait = (pid: number | undefined) => {
    waitedFor.push(pid)
    void rm(path)
  }
  expect(await withLock(path, { onWait }, async () => 'done')).toBe('done')
  expect(waitedFor).toEqual([7])
})

test('the waiting ends by a signal, and the lock stays its holder’s', async () => {
  const path = join(await temporaryFolder(), 'lock')
  const controller = new AbortController()
  const options = { onWait: () => controller.abort(new Error('enough')), signal: controller.signal }
  const work = () => withLock(path, options, () => expect.fail('must not run'))
  await withLock(path, noWait, () =>
    expect(work())
      .rejects.toThrow('enough')
      .then(() => access(path)),
  )
})
