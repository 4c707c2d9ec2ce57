import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { session } from './session.ts'

test('a run with policies and mixtures goes on to the bit', async () => {
  const shell = session()
  const settings = ['data.augment=autoAugmentCifar10', 'task.mixUp=0.4', 'task.cutMix=1']
  const train = ['train', 'model.channels=[4]', 'batchSize=8', 'steps=4', 'validation.images=40', 'checkpoint.every=2']
  expect((await shell.run(...train, ...settings, 'name=a')).code).toBe(0)
  const weights = () => readFileSync(join(shell.cwd, 'runs/a/checkpoints/last/model.safetensors'))
  const whole = weights()
  expect((await shell.run('train', '--resume', 'runs/a', '--checkpoint', 'step=000002')).code).toBe(0)
  expect(weights().equals(whole)).toBe(true)
  expect((await shell.run(...train, 'name=plain')).code).toBe(0)
  expect(readFileSync(join(shell.cwd, 'runs/plain/checkpoints/last/model.safetensors')).equals(whole)).toBe(false)
})

test.each([
  [['data.augment=autoaugment'], 'data.augment=autoaugment (command line): expected one of none, autoAugmentCifar10,'],
  [['task.mixUp=-1'], 'task.mixUp=-1 (command line): expected a number of at least 0'],
])('%j is a usage error', async (words, message) => {
  const { code, stderr } = await session().run('train', 'cifar10', ...words)
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
})
