import { expect, onTestFinished, test, vi } from 'vitest'
import { onInterrupt } from './interrupt.ts'
import type { StopSignal } from './io.ts'

function setUp(times: number[]) {
  const log: string[] = []
  let send: ((signal: StopSignal) => void) | undefined
  const io = {
    onSignal: (handler: (signal: StopSignal) => void) => {
      send = handler
      return () => void log.push('released')
    },
    exit: (code: number) => void log.push(`exit ${code}`),
  }
  const interrupt = onInterrupt(
    io,
    (signal) => log.push(`stop ${signal}`),
    () => times.shift() as number,
  )
  return { interrupt, log, send: (signal: StopSignal) => send?.(signal) }
}

test('the first Ctrl-C asks to stop, a second leaves at once', () => {
  const { interrupt, log, send } = setUp([0, 2000])
  send('SIGINT')
  expect([interrupt.signal, interrupt.exitCode]).toEqual(['SIGINT', 130])
  send('SIGINT')
  expect(log).toEqual(['stop SIGINT', 'exit 130'])
})

test('copies of one press count once', () => {
  const { log, send } = setUp([0, 3, 499])
  for (let copy = 0; copy < 3; copy++) send('SIGINT')
  expect(log).toEqual(['stop SIGINT'])
})

test('SIGTERM has its own exit code', () => {
  const { interrupt, log, send } = setUp([0, 1000])
  send('SIGTERM')
  expect(interrupt.exitCode).toBe(143)
  send('SIGTERM')
  expect(log).toEqual(['stop SIGTERM', 'exit 143'])
})

test('it is released only where no copy can come', () => {
  const { interrupt, log, send } = setUp([0])
  send('SIGINT')
  interrupt.release()
  expect(log).toEqual(['stop SIGINT'])
  const other = setUp([])
  other.interrupt.release()
  expect(other.log).toEqual(['released'])
})

test('a second Ctrl-C leaves at once, also where the clock was put back by an hour', () => {
  onTestFinished(() => void vi.restoreAllMocks())
  const hour = 3_600_000
  vi.spyOn(Date, 'now')
    .mockReturnValueOnce(10 * hour)
    .mockReturnValue(9 * hour)
  vi.spyOn(performance, 'now').mockReturnValueOnce(1000).mockReturnValue(3000)
  const left: number[] = []
  let send: ((signal: StopSignal) => void) | undefined
  const onSignal = (handler: (signal: StopSignal) => void) => {
    send = handler
    return () => {}
  }
  onInterrupt({ onSignal, exit: (code) => void left.push(code) }, () => {})
  send?.('SIGINT')
  send?.('SIGINT')
  expect(left).toEqual([130])
})
