import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeSafetensors } from '@ddnet/formats'
import { entryOf } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { type Session, session } from './session.ts'

const common = ['batchSize=8', 'validation.images=40', 'checkpoint.every=2']

async function trained(...settings: string[]): Promise<Session> {
  const shell = session()
  const words = ['train', 'model.channels=[8,16]', ...common, 'steps=20', 'name=a', ...settings]
  expect((await shell.run(...words)).code).toBe(0)
  return shell
}

const weightsOf = (shell: Session, run: string) =>
  decodeSafetensors(readFileSync(join(shell.cwd, 'runs', run, 'checkpoints/last/model.safetensors'))).tensors

test('channels: a smaller network comes out, which is a run as any other', async () => {
  const shell = await trained()
  const { code, stdout } = await shell.run('prune', 'runs/a', 'channels=0.5')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^pruned {4}model\.channels=\[4,8\]: [\d,]+ → [\d,]+ parameters, [\d.]+ M → [\d.]+ M$/m)
  expect(stdout).toMatch(/^before {4}test accuracy [\d.]+% \(\d+ of 40 images\), loss [\d.]+$/m)
  const told = /^after {5}test (.*)$/m.exec(stdout)?.[1]
  expect(entryOf(weightsOf(shell, 'a-pruned'), 'encoder.1.conv.weight').shape).toEqual([8, 4, 3, 3])
  expect((await shell.run('eval', 'runs/a-pruned')).stdout).toContain(`test ${told}`)
  expect((await shell.run('export', 'runs/a-pruned', 'm.onnx')).code).toBe(0)
  expect((await shell.run('runs')).stdout).toContain('a-pruned')
  // Fine-tuned, its settings come along with its weights.
  const fine = await shell.run('train', 'cifar10', 'weights=runs/a-pruned', ...common, 'steps=4', 'name=fine')
  expect(fine.code).toBe(0)
  expect(entryOf(weightsOf(shell, 'fine'), 'encoder.1.conv.weight').shape).toEqual([8, 4, 3, 3])
  // The run itself goes on, with the moments of what is left.
  const longer = await shell.run('train', '--resume', 'runs/a-pruned', 'steps=24')
  expect([longer.code, readdirSync(join(shell.cwd, 'runs/a-pruned/checkpoints')).includes('step=000024')]).toEqual([
    0,
    true,
  ])
})

test('weights: as many zeros as asked for, which stay through fine-tuning and a resume', async () => {
  const shell = await trained()
  const { stdout } = await shell.run('prune', 'runs/a', 'weights=0.8', 'name=sparse', '--json')
  const { zeros, weights, run, before, after } = JSON.parse(stdout)
  expect([run, zeros]).toEqual(['runs/sparse', Math.round(0.8 * weights)])
  expect([before.split, after.split]).toEqual(['test', 'test'])
  const isZero = (name: string) =>
    Object.entries(weightsOf(shell, name)).flatMap(([, { shape, data }]) =>
      shape.length > 1 ? Array.from(data, Number).map((value) => value === 0) : [],
    )
  const pruned = isZero('sparse')
  const fine = ['train', 'cifar10', 'weights=runs/sparse', ...common, 'steps=4']
  expect((await shell.run(...fine, 'keepZeros=true', 'name=fine')).code).toBe(0)
  expect(isZero('fine')).toEqual(pruned)
  const whole = weightsOf(shell, 'fine')
  expect((await shell.run('train', '--resume', 'runs/fine', '--checkpoint', 'step=000002')).code).toBe(0)
  expect(weightsOf(shell, 'fine')).toEqual(whole)
  expect((await shell.run(...fine, 'name=dense')).code).toBe(0)
  expect(isZero('dense').filter(Boolean).length).toBeLessThan(zeros / 2)
})

test('what it cannot do is a usage error, and leaves no run', async () => {
  const shell = await trained()
  const cases: [string[], string][] = [
    [[], 'expected what goes: channels=0.5 for a smaller network, or weights=0.8 for zeros.'],
    [['0.5'], "'0.5': expected channels=SHARE, weights=SHARE or name=NAME."],
    [['channels=1'], "channels=1: expected the share that goes, above 0 and below 1, got '1'. Try channels=0.5"],
    [['weights='], "weights=: expected the share that goes, above 0 and below 1, got ''. Try weights=0.5"],
    [['weights=0.5', 'channels=0.5'], 'weights=0.5 and channels=0.5: prune one after the other.'],
    [['weights=0.5', 'name=../x'], 'name=../x: expected letters, digits, dots, dashes and underscores.'],
  ]
  for (const [words, message] of cases) {
    const { code, stdout, stderr } = await shell.run('prune', 'runs/a', ...words)
    expect([code, stdout, stderr.replace(/\s+/g, ' ')]).toEqual([2, '', expect.stringContaining(message)])
  }
  expect(readdirSync(join(shell.cwd, 'runs'))).toEqual(['a'])
})

test.each([['keepZeros=true', 'keepZeros=true (command line) does nothing without weights, of which some are 0.']])(
  '%s is refused',
  async (word, message) => {
    const { code, stderr } = await session().run('train', 'cifar10', word)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  },
)
