import { setTimeout } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { readPatiently } from './patient-reads.ts'

test('while a read waits, the event loop turns at most once a millisecond', async () => {
  const values = new Float32Array(1)
  const backend = { read: (_: object) => setTimeout(50, values) }
  readPatiently(backend)
  let turns = 0
  let reading = true
  const count = (): void => {
    turns++
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  expect(await backend.read({})).toBe(values)
  reading = false
  expect(turns).toBeGreaterThan(0)
  expect(turns).toBeLessThan(100)
})

test('reads that overlap and fail are counted', async () => {
  const backend = {
    read: async (id: object) => {
      await setTimeout(5)
      if ('fails' in id) throw new Error('lost')
      return new Float32Array(1)
    },
  }
  readPatiently(backend)
  await expect(Promise.all([backend.read({}), backend.read({ fails: true })])).rejects.toThrow('lost')
  await backend.read({})
  const sleep = vi.spyOn(Atomics, 'wait')
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(sleep).not.toHaveBeenCalled()
  sleep.mockRestore()
})

test('reads one after the other sleep no longer than one', async () => {
  const values = new Float32Array(1)
  const backend = { read: (id: object) => setTimeout('slow' in id ? 30 : 0, values) }
  readPatiently(backend)
  for (let reads = 0; reads < 20; reads++) await backend.read({})
  const sleep = vi.spyOn(Atomics, 'wait')
  let turns = 0
  let reading = true
  const count = (): void => {
    turns++
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  await backend.read({ slow: true })
  reading = false
  const sleeps = sleep.mock.calls.length
  sleep.mockRestore()
  expect(sleeps).toBeGreaterThan(0)
  expect(sleeps).toBeLessThanOrEqual(turns + 1)
})
