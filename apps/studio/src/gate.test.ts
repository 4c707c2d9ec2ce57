import { expect, test, vi } from 'vitest'
import { Gate } from './gate.ts'

const settled = () => new Promise((resolve) => setTimeout(resolve))

test('an open gate lets everything through', async () => {
  const held = vi.fn()
  const gate = new Gate()
  await gate.pass(held)
  await gate.pass(held)
  expect(held).not.toHaveBeenCalled()
})

test('a closed gate holds until it opens, and lets single ones through', async () => {
  const gate = new Gate()
  gate.close()
  const passed: number[] = []
  const run = async (): Promise<void> => {
    for (let step = 1; step <= 4; step++) {
      await gate.pass()
      passed.push(step)
    }
  }
  const running = run()
  await settled()
  expect(passed).toEqual([])
  gate.passOne()
  await settled()
  expect(passed).toEqual([1])
  gate.openUp()
  await running
  expect(passed).toEqual([1, 2, 3, 4])
})

test('a pass given while nobody waits is kept', async () => {
  const gate = new Gate()
  gate.close()
  gate.passOne()
  const held = vi.fn()
  await gate.pass(held)
  expect(held).not.toHaveBeenCalled()
})
