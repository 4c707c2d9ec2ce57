import { BackendUnavailable } from '@ddnet/ops'
import { CallbackError, DivergedError } from '@ddnet/trainer'
import { expect, test } from 'vitest'
import { CliError, explain, UsageError } from './errors.ts'

const system = (code: string, path?: string) =>
  Object.assign(new Error(`${code}: something, write`), { code, ...(path !== undefined && { path }) })

test.each([
  [new UsageError('bad'), 2],
  [new CliError('bad'), 1],
  [new DivergedError(7, 0.1, 'the loss is NaN'), 3],
  [new BackendUnavailable('no GPU'), 4],
  [new Error('anything'), 1],
  ['a string', 1],
])('%s has exit code %i', (error, code) => expect(explain(error).exitCode).toBe(code))

test('what a callback of a run threw is told itself, with its own exit code', () => {
  const thrownBy = (error: unknown) => explain(new CallbackError('leakGuard', 'onStep', 7, error))
  expect(thrownBy(new Error('leakGuard: 2 more tensors are alive after step 7 than after step 6'))).toEqual({
    message: 'leakGuard: 2 more tensors are alive after step 7 than after step 6',
    exitCode: 1,
  })
  expect(thrownBy(system('ENOSPC', 'runs/a/x')).message).toContain('runs/a/x: the disk is full.')
  expect(thrownBy(new UsageError('bad')).exitCode).toBe(2)
})

test('any message becomes one line', () => {
  expect(explain(new Error('first\n   second\nthird')).message).toBe('first second third')
})

test('a full disk is named with its remedy', () => {
  expect(explain(system('ENOSPC', 'runs/a/x')).message).toBe(
    'runs/a/x: the disk is full. Free some space, or choose another disk, for a run with runs=FOLDER.',
  )
})

test('what a package has put into words is left as it is', () => {
  const error = new Error('checkpoint: could not write to x.', { cause: system('ENOSPC', 'x/y') })
  expect(explain(error).message).toBe('checkpoint: could not write to x.')
})

test('missing permission is named', () => {
  expect(explain(system('EACCES', '/root/runs')).message).toBe(
    '/root/runs: permission denied. Change its permissions, or choose another place.',
  )
})
