import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Session, session } from './session.ts'

const small = ['model.channels=[4]', 'batchSize=8', 'steps=4', 'validation.images=40', 'checkpoint.every=2']

async function withTeacher(): Promise<Session> {
  const shell = session()
  expect((await shell.run('train', ...small, 'model.channels=[8]', 'name=large')).code).toBe(0)
  return shell
}
const weightsOf = (shell: Session, run: string) =>
  readFileSync(join(shell.cwd, 'runs', run, 'checkpoints/last/model.safetensors'))

test('a run learns from a teacher, and goes on with it to the bit, whatever became of the teacher’s run', async () => {
  const shell = await withTeacher()
  const { code, stderr } = await shell.run('train', ...small, 'teacher=runs/large', 'name=a')
  expect(code).toBe(0)
  expect(stderr).toContain('teacher   runs/large/checkpoints/step=000004, at temperature 4: 0.9 of the loss\n')
  const whole = weightsOf(shell, 'a')
  await shell.run('train', ...small, 'name=alone')
  expect(weightsOf(shell, 'alone').equals(whole)).toBe(false)
  // The losses of both parts are in the log.
  expect(readFileSync(join(shell.cwd, 'runs/a/metrics.jsonl'), 'utf8')).toContain('teacher')

  rmSync(join(shell.cwd, 'runs/large'), { recursive: true })
  const again = await shell.run('train', '--resume', 'runs/a', '--checkpoint', 'step=000002')
  expect(again.code).toBe(0)
  expect(again.stderr).toContain('teacher   runs/large/checkpoints/step=000004')
  expect(weightsOf(shell, 'a').equals(whole)).toBe(true)
  expect((await shell.run('eval', 'runs/a')).code).toBe(0)
  // What is pruned of it has no teacher, and does not say that it has one.
  expect((await shell.run('prune', 'runs/a', 'weights=0.5')).code).toBe(0)
  expect(readFileSync(join(shell.cwd, 'runs/a-pruned/config.yaml'), 'utf8')).toMatch(/^teacher: null/m)
  expect((await shell.run('train', '--resume', 'runs/a-pruned', 'steps=6')).code).toBe(0)
})

test('a run does not go on with another teacher, with a damaged one or without', async () => {
  const shell = await withTeacher()
  expect((await shell.run('train', ...small, 'teacher=runs/large', 'name=a')).code).toBe(0)
  expect((await shell.run('train', ...small, 'model.channels=[8]', 'seed=7', 'name=large')).code).toBe(0)
  expect((await shell.run('train', ...small, 'teacher=runs/large-2', 'name=b')).code).toBe(0)
  const file = join(shell.cwd, 'runs/a/teacher.safetensors')
  const resume = async () => {
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a', '--checkpoint', 'step=000002')
    return [code, stderr.split('\n').find((line) => line.startsWith('ddnet: '))]
  }
  renameSync(file, `${file}.away`)
  expect(await resume()).toEqual([1, expect.stringContaining('runs/a/teacher.safetensors is missing, from which the')])
  copyFileSync(join(shell.cwd, 'runs/b/teacher.safetensors'), file)
  expect(await resume()).toEqual([1, expect.stringContaining('is not the teacher that the run began with.')])
  writeFileSync(file, 'nothing')
  expect(await resume()).toEqual([1, expect.stringContaining('is not the teacher that the run began with.')])
  renameSync(`${file}.away`, file)
  expect((await resume())[0]).toBe(0)
})

test.each([
  [['teacher=runs/none'], 'teacher=runs/none: there is no run runs/none. There are: large'],
  [
    ['teacher=runs/large', 'data.mean=0.5'],
    'takes images with data.mean=0.4734 and data.std=0.2516, and here they are 0.5',
  ],
  [
    ['teacher=runs/large', 'data.size=16'],
    'takes images of 32×32×3, and here they are 16×16×3: expected the same. Try data.size=32',
  ],
  [['distillation.weight=0.5'], 'distillation.weight=0.5 (command line) does nothing without a teacher. Try teacher='],
  [
    ['teacher=runs/large', 'distillation.temperature=0'],
    'distillation.temperature=0 (command line): expected a number above 0',
  ],
  [
    ['teacher=runs/large', 'task=reconstruction', 'model=ddnetPixels'],
    'task=reconstruction cannot be learned from a teacher. Leave it out',
  ],
])('%j is refused: %s', async (words, message) => {
  const shell = await withTeacher()
  const { code, stderr } = await shell.run('train', ...small, ...words, 'name=a')
  expect([code, stderr.replace(/\s+/g, ' ')]).toEqual([
    words[0] === 'teacher=runs/none' ? 1 : 2,
    expect.stringContaining(message),
  ])
  expect(existsSync(join(shell.cwd, 'runs/a'))).toBe(false)
})

test('a teacher of other classes is refused', async () => {
  const shell = await withTeacher()
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']
  const other = session({
    cwd: shell.cwd,
    loadData: async () => ({ ...(await import('./session.ts')).tinyData(), classNames: names }),
  })
  const { code, stderr } = await other.run('train', ...small, 'teacher=runs/large', 'name=a')
  expect(code).toBe(2)
  expect(stderr.replace(/\s+/g, ' ')).toContain(
    'knows the 10 classes airplane, automobile, bird, cat, …, and the data has the 10 classes one, two, three, four, …',
  )
})

test('bench measures no teacher', async () => {
  const { code, stderr } = await (await withTeacher()).run('bench', 'teacher=runs/large')
  expect([code, stderr]).toEqual([
    2,
    expect.stringContaining('a step is measured without the forward pass of a teacher'),
  ])
})
