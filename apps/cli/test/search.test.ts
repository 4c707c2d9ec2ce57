import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { afterImages, type Session, session } from './session.ts'

const common = ['cifar10', 'batchSize=8', 'validation.images=40', 'steps=4', 'model.channels=[4],[8],[4,8]']

const studyOf = (shell: Session, folder = 'runs/search') =>
  JSON.parse(readFileSync(join(shell.cwd, folder, 'search.json'), 'utf8'))

interface Told {
  name: string
  words: string[]
  score: number
  multiplyAdds: number
  state: string
  step: number
  pareto?: boolean
  backends: Record<string, { step: number }>
}

test('each of few combinations is a run; those worth their cost are told, with what they cost', async () => {
  const shell = session()
  const { code, stdout } = await shell.run('search', ...common, 'trials=10', '--json')
  expect(code).toBe(0)
  const { trials, best }: { trials: Told[]; best: { name: string; split: string } } = JSON.parse(stdout)
  expect(trials.map(({ words }) => words)).toEqual([
    ['model.channels=[4]'],
    ['model.channels=[8]'],
    ['model.channels=[4,8]'],
  ])
  for (const trial of trials) {
    expect(trial).toMatchObject({ state: 'done', step: 4, backends: { wasm: { step: 12.5 } } })
    const isWorse = (other: Told) =>
      other.score >= trial.score &&
      other.multiplyAdds <= trial.multiplyAdds &&
      (other.score > trial.score || other.multiplyAdds < trial.multiplyAdds)
    expect(trial.pareto).toBe(!trials.some(isWorse))
    expect((await shell.run('eval', `runs/search/${trial.name}`)).code).toBe(0)
  }
  const top = Math.max(...trials.map(({ score }) => score))
  expect([trials.find(({ name }) => name === best.name)?.score, best.split]).toEqual([top, 'test'])
  const written = readdirSync(join(shell.cwd, 'runs/search')).sort()
  expect(written).toEqual(['pareto.png', 'search.html', 'search.json', 'trial-01', 'trial-02', 'trial-03'])
  const page = readFileSync(join(shell.cwd, 'runs/search/search.html'), 'utf8')
  expect(page).toContain('<svg')
  expect(page).toContain('model.channels=[4,8]')

  // Nothing is done again.
  const again = await shell.run('search', '--resume', 'runs/search')
  expect(again.code).toBe(0)
  expect(again.stdout).toMatch(/^ {3}trial +accuracy +parameters +mult-adds +memory +ms wasm +settings$/m)
  expect(again.stdout).toMatch(/^best {6}trial-0\d: test accuracy [\d.]+%/m)
  expect(again.stderr).not.toContain('trial-01: ')
})

test('drawn trials depend on searchSeed alone, within their ranges, no two the same', async () => {
  const shell = session()
  const space = ['model.channels=[2],[4]', 'optimizer.learningRate=0.001..0.01']
  const words = ['search', 'cifar10', 'batchSize=8', 'steps=1', ...space, 'trials=3', '--no-bench', '--json']
  const trialsOf = async (...more: string[]) => {
    const { trials }: { trials: Told[] } = JSON.parse((await shell.run(...words, ...more)).stdout)
    return trials.map((trial) => trial.words.join(' '))
  }
  const first = await trialsOf('name=one')
  expect(await trialsOf('name=two')).toEqual(first)
  expect(await trialsOf('name=three', 'searchSeed=1')).not.toEqual(first)
  expect(new Set(first).size).toBe(3)
  for (const text of first) {
    const rate = Number(/learningRate=(\S+)/.exec(text)?.[1])
    expect(rate).toBeGreaterThanOrEqual(0.001)
    expect(rate).toBeLessThanOrEqual(0.01)
  }
})

test('halving=3 lets the best third go on, with the schedule that it began with', async () => {
  const shell = session()
  const words = [
    'cifar10',
    'batchSize=8',
    'validation.images=40',
    'steps=9',
    'model.channels=[4],[8],[12]',
    'halving=3',
  ]
  const { code, stdout } = await shell.run('search', ...words, '--no-bench', '--json')
  expect(code).toBe(0)
  const { trials, best }: { trials: Told[]; best: { name: string } } = JSON.parse(stdout)
  expect(trials.map(({ step }) => step).sort()).toEqual([3, 3, 9])
  const winner = trials.find(({ name }) => name === best.name)
  expect(winner).toMatchObject({ step: 9, state: 'done' })
  // A run of its own comes to the same weights.
  const [channels = ''] = winner?.words ?? []
  await shell.run('train', 'cifar10', 'batchSize=8', 'validation.images=40', 'steps=9', channels, 'name=alone')
  const weights = (run: string) => readFileSync(join(shell.cwd, run, 'checkpoints/step=000009/model.safetensors'))
  expect(weights(`runs/search/${best.name}`).equals(weights('runs/alone'))).toBe(true)
})

test('one that was stopped goes on where it was, and comes to the same', async () => {
  const whole = session()
  const search = ['search', ...common, 'checkpoint.every=1', '--no-bench']
  expect((await whole.run(...search)).code).toBe(0)
  const stopped: Session = session({ loadData: afterImages(100, () => stopped.signal('SIGINT')) })
  const interrupted = await stopped.run(...search)
  expect([interrupted.code, interrupted.stderr]).toEqual([
    130,
    expect.stringContaining('ddnet search --resume runs/search'),
  ])
  const left = session({ cwd: stopped.cwd })
  expect((await left.run('search', '--resume', 'runs/search', '--no-bench')).code).toBe(0)
  const facts = (study: { trials: Told[] }) =>
    study.trials.map(({ name, score, step, state }) => ({ name, score, step, state }))
  expect(facts(studyOf(left))).toEqual(facts(studyOf(whole)))
  expect(studyOf(left).best).toEqual(studyOf(whole).best)
})

test.each([
  [['cifar10', 'epochs=1'], 'there is nothing to choose: expected a setting with several values or a range.'],
  [
    ['cifar10', 'model.channels=[4],[0]'],
    "model.channels=[4],[0]: expected of each value a list of whole numbers above 0, got '[0]'.",
  ],
  [
    ['cifar10', 'batchSize=8..2'],
    'batchSize=8..2: expected a range from the smaller to the larger number. Try batchSize=2..8',
  ],
  [
    ['cifar10', 'optimizer.beta1=0.5..2'],
    'optimizer.beta1=0.5..2: expected of both ends a number from 0 to below 1, got 2.',
  ],
  [['cifar10', 'batchSize=8,16,8'], "batchSize=8,16,8: '8' is there twice."],
  [['cifar10', 'batchSize=8,16', 'trials=1'], 'trials=1: expected a whole number of at least 2.'],
  [['cifar10', 'batchSize=8,16', 'halving=x'], 'halving=x: expected a whole number of at least 1.'],
  [['cifar10', 'batchSice=8,16'], "'batchSice=8,16' is not a valid setting (command line). Similar: batchSize"],
  [['cifar10', 'name=a/b', 'batchSize=8,16'], 'name=a/b: expected letters, digits, dots, dashes and underscores.'],
  [['cifar10', 'data.size=32,30', 'model.channels=[4,4]'], 'data.size=30 (search): expected a multiple of 4'],
  [['--resume', 'runs/none'], 'runs/none is no search: it has no search.json.'],
])('%j is refused: %s', async (words, message) => {
  const shell = session()
  const { code, stderr } = await shell.run('search', ...words)
  expect([code, stderr]).toEqual([words[0] === '--resume' ? 1 : 2, expect.stringContaining(message)])
  expect(readdirSync(shell.cwd)).toEqual([])
})

test('a name that is taken, and a damaged search, are told', async () => {
  const shell = session()
  const words = ['search', 'cifar10', 'batchSize=8,16', 'steps=1', 'model.channels=[4]', '--no-bench']
  expect((await shell.run(...words)).code).toBe(0)
  expect(await shell.run(...words)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('runs/search is there already. Go on with it: ddnet search --resume runs/search'),
  })
  writeFileSync(join(shell.cwd, 'runs/search/search.json'), '{}')
  expect(await shell.run('search', '--resume', 'runs/search')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('runs/search/search.json is damaged'),
  })
})
