import { spawn } from 'node:child_process'
import { BackendUnavailable } from '@ddnet/ops'
import { expect, onTestFinished, test } from 'vitest'
import { UsageError } from '../errors.ts'
import { processOf } from './backend-process.ts'

/** A process that runs this instead of a backend. */
function running(script: string, maxAnswerMs?: number) {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  const backend = processOf('webgpu', child, maxAnswerMs)
  onTestFinished(() => backend.end())
  return { backend, child }
}

const answering = (reply: string) => `process.on('message', (question) => process.send(${reply}))`

test('what is asked is answered, one question after another', async () => {
  const { backend } = running(answering('{ value: question.ask.length }'))
  expect(await backend.convolutionGflops()).toBe('convolutionGflops'.length)
  expect(await backend.describe()).toBe('describe'.length)
})

test('what is not available there is not available here', async () => {
  const { backend } = running(answering("{ error: { name: 'BackendUnavailable', message: 'webgpu: no adapter.' } }"))
  await expect(backend.describe()).rejects.toThrow(BackendUnavailable)
  await expect(backend.describe()).rejects.toThrow(/^webgpu: no adapter\.$/)
})

test('what cannot fit is a matter of the settings', async () => {
  const { backend } = running(
    answering("{ error: { name: 'UsageError', message: 'it needs 90 GB. Try data.size=32' } }"),
  )
  await expect(backend.describe()).rejects.toThrow(new UsageError('it needs 90 GB. Try data.size=32'))
})

test('another error is a bug, and stays one', async () => {
  const { backend } = running(answering("{ error: { name: 'TypeError', message: 'x is undefined', stack: 'there' } }"))
  await expect(backend.describe()).rejects.toMatchObject({ name: 'Error', message: 'x is undefined', stack: 'there' })
})

test.each([
  [
    'crashes',
    "console.error('one'); console.error('no such device'); process.kill(process.pid, 'SIGSEGV'); setTimeout(() => {}, 1e4)",
    'SIGSEGV',
  ],
  ['exits', "console.error('no such device'); process.exit(3)", 'exit code 3'],
])('a driver that %s takes its process along, whose end and last words are told', async (_, script, end) => {
  const { backend } = running(script)
  const message = `webgpu: its process ended with ${end} (no such device).`
  await expect(backend.describe()).rejects.toThrow(new BackendUnavailable(message))
  await expect(backend.describe()).rejects.toThrow(message) // the next question as well
})

test('silence is told after a while', async () => {
  const { backend } = running('setTimeout(() => {}, 1e4)', 50)
  await expect(backend.describe()).rejects.toThrow('webgpu: no answer in 0.05 s.')
})

test('its end leaves no process', async () => {
  const { backend, child } = running('setTimeout(() => {}, 1e4)')
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)))
  backend.end()
  expect(await ended).toBe('SIGKILL')
})
