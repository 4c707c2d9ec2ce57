import { access, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { withLock } from './lock.ts'

const noWait = () => expect.fail('must not wait')

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
  await Promise.all([first, withLock(path, (pid) => waitedFor.push(pid), work('second'))])
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
