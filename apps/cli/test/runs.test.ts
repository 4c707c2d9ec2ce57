import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Session, session } from './session.ts'

const tiny = ['model.channels=[4]', 'batchSize=8', 'steps=4', 'validation.images=40', 'validation.every=2']

async function twoRuns(): Promise<Session> {
  const shell = session()
  await shell.run('train', ...tiny, 'name=a')
  await shell.run('train', ...tiny, 'name=b', 'optimizer.learningRate=0.02', 'seed=7')
  return shell
}

describe('runs list', () => {
  test('is a line a run, the newest last, with its steps and its accuracy', async () => {
    const shell = await twoRuns()
    const { code, stdout, stderr } = await shell.run('runs')
    expect([code, stderr]).toEqual([0, ''])
    const [head, first, second, end] = stdout.split('\n')
    expect(head).toMatch(/^run +started +steps +time +accuracy$/)
    expect(first).toMatch(/^runs\/a +\d{4}-\d\d-\d\d \d\d:\d\d +4 +\d:\d\d +[\d.]+% test +[▁▂▃▄▅▆▇█]{2}$/)
    expect(second).toMatch(/^runs\/b /)
    expect(end).toBe('')
    const accuracy = JSON.parse(readFileSync(join(shell.cwd, 'runs/a/result.json'), 'utf8')).accuracy
    expect(first).toContain(`${(accuracy * 100).toFixed(1)}%`)
  })

  test('names what is broken, with the reason, and shows the rest', async () => {
    const shell = await twoRuns()
    const damaged = { config: 'epochs: [1', metrics: 'no JSON\n', result: '{"step":' }
    for (const name of Object.keys(damaged)) await shell.run('train', ...tiny, `name=${name}`)
    writeFileSync(join(shell.cwd, 'runs/config/config.yaml'), damaged.config)
    writeFileSync(join(shell.cwd, 'runs/metrics/metrics.jsonl'), damaged.metrics)
    writeFileSync(join(shell.cwd, 'runs/result/result.json'), damaged.result)
    mkdirSync(join(shell.cwd, 'runs/empty'))
    const { code, stdout, stderr } = await shell.run('runs', 'list')
    expect(code).toBe(0)
    expect(stdout.split('\n')).toHaveLength(4)
    const told = stderr.replace(/\s+/g, ' ')
    expect(told).toContain('broken runs/empty: it has no config.yaml')
    expect(told).toMatch(/runs\/config: \S*config\.yaml:1 is not YAML/)
    expect(told).toMatch(/runs\/metrics: \S*metrics\.jsonl:1 is damaged/)
    expect(told).toMatch(/runs\/result: \S*result\.json is damaged/)
  })

  test('a run that did not end says how far it is', async () => {
    const shell: Session = session()
    shell.onWrite = (text) => {
      if (text.startsWith('step 2/4')) shell.signal('SIGINT')
    }
    expect((await shell.run('train', ...tiny, 'name=a')).code).toBe(130)
    expect((await shell.run('runs')).stdout).toMatch(/^runs\/a .* 2\/4 +\d:\d\d +[\d.]+% val /m)
  })

  test('--json is a line of JSON a run', async () => {
    const shell = await twoRuns()
    mkdirSync(join(shell.cwd, 'runs/empty'))
    const { stdout } = await shell.run('runs', 'list', 'runs', '--json')
    const runs = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
    expect(runs.filter(({ state }) => state === 'broken')).toEqual([
      { path: 'runs/empty', state: 'broken', problem: 'it has no config.yaml' },
    ])
    expect(runs.find(({ path }) => path === 'runs/b')).toMatchObject({
      state: 'finished',
      step: 4,
      totalSteps: 4,
      settings: { seed: 7 },
      monitor: { name: 'accuracy', better: 'higher' },
      scores: { split: 'test', images: 40, accuracy: expect.any(Number), loss: expect.any(Number) },
      best: expect.any(Number),
      validations: [
        [2, expect.any(Number)],
        [4, expect.any(Number)],
      ],
    })
  })

  test('a folder that is not there is an error with a remedy', async () => {
    expect(await session().run('runs')).toMatchObject({
      code: 1,
      stderr: 'ddnet: there is no folder runs. Train first: ddnet train cifar10\n',
    })
  })
})

describe('runs compare', () => {
  test('shows results side by side, and the settings that differ and no others', async () => {
    const shell = await twoRuns()
    const { code, stdout } = await shell.run('runs', 'compare', 'runs/a', 'runs/b')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ +runs\/a +runs\/b$/m)
    expect(stdout).toMatch(/^state +4 steps +4 steps$/m)
    expect(stdout).toMatch(/^accuracy +[\d.]+% test +[\d.]+% test$/m)
    expect(stdout).toMatch(/^optimizer\.learningRate +0\.004 +0\.02$/m)
    expect(stdout).toMatch(/^seed +42 +7$/m)
    expect(stdout).not.toMatch(/^(batchSize|name|preset)/m)
  })

  test('runs that do not fit side by side come below each other', async () => {
    const shell = await twoRuns()
    const { stdout } = await shell.run('runs', 'compare', 'runs/a', 'runs/b', 'runs/a', 'runs/b', 'runs/a')
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
    expect(stdout.match(/^state /gm)?.length).toBeGreaterThan(1)
    expect(stdout.match(/4 steps/g)).toHaveLength(5)
  })

  test('--json has the runs and the differences', async () => {
    const shell = await twoRuns()
    const { runs, differences } = JSON.parse((await shell.run('runs', 'compare', 'runs/a', 'runs/b', '--json')).stdout)
    expect(runs).toHaveLength(2)
    expect(differences).toEqual({ 'optimizer.learningRate': [0.004, 0.02], seed: [42, 7] })
  })

  test('one run is not enough, and a missing one is named', async () => {
    const shell = await twoRuns()
    expect(await shell.run('runs', 'compare', 'runs/a')).toMatchObject({ code: 2 })
    expect(await shell.run('runs', 'compare', 'runs/a', 'runs/bb')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no run runs/bb. There are: a, b'),
    })
  })
})

test('figures of different numbers of images are told with them where they stand side by side', async () => {
  const shell = session()
  await shell.run('train', ...tiny, 'name=a')
  await shell.run('train', ...tiny, 'name=b')
  expect((await shell.run('runs')).stdout).not.toMatch(/% of /)
  const path = join(shell.cwd, 'runs/b/result.json')
  const result = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...result, images: 1000 }))
  for (const words of [['list'], ['compare', 'runs/a', 'runs/b']]) {
    const { stdout } = await shell.run('runs', ...words)
    expect(stdout).toMatch(/\d% of 40 test/)
    expect(stdout).toMatch(/\d% of 1,000 test/)
  }
})
