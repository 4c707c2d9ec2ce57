import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { editAndResume, edits, filesOf, type Stopped, stoppedRun } from './damaged-run.ts'
import { afterImages, type Session, session } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'ddnet-damaged-'))
let stopped: Stopped
beforeAll(async () => {
  stopped = await stoppedRun(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a run whose files were damaged goes on exactly, or is refused with the file and a remedy', () => {
  test.each(Object.keys(edits))('%s', async (edit) => {
    const results: Record<string, string | undefined> = {}
    for (const file of filesOf(stopped.folder)) results[file] = await editAndResume(stopped, file, edit, 1)
    // What decides the run is never passed over.
    const decides = ['config.yaml', 'data.json', 'environment.json'].map((name) => results[name])
    if (edit === 'missing') expect(decides).toEqual(['exact, and told', 'exact, and told', 'exact'])
    else if (edit !== 'an older one') expect(decides).toEqual(['refused', 'refused', 'refused'])
  })
})

/** A session with a copy of the run that was stopped. */
function copied(): Session {
  const shell = session()
  cpSync(stopped.folder, join(shell.cwd, 'runs/a'), { recursive: true, verbatimSymlinks: true })
  return shell
}

describe('the settings of a run', () => {
  const change = (shell: Session, from: string | RegExp, to: string) => {
    const file = join(shell.cwd, 'runs/a/config.yaml')
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(from)
    writeFileSync(file, text.replace(from, to))
  }

  test.each(['train --resume', 'eval', 'predict', 'visualize', 'export'])(
    'are compared with the checkpoint by %s',
    async (command) => {
      const shell = copied()
      change(shell, /batchSize: 8 .*/, 'batchSize: 16')
      const more = { export: ['model.onnx'], visualize: ['--only', 'filters'] }[command] ?? []
      const { code, stderr } = await shell.run(...command.split(' '), 'runs/a', ...more)
      expect([code, stderr.trim()]).toEqual([
        1,
        'ddnet: runs/a/config.yaml says batchSize=16, but the checkpoint runs/a/checkpoints/step=000011 was trained with 8. Put the right file back, or delete runs/a/config.yaml: the checkpoint has all that it said, and whoever goes on with the run writes it again. For a run with other settings, start a new one: ddnet train --config runs/a/config.yaml',
      ])
      rmSync(join(shell.cwd, 'runs/a/config.yaml'))
      expect((await shell.run(...command.split(' '), 'runs/a', ...more)).code).toBe(0)
    },
  )

  test('are all there: neither a preset nor a default takes the place of one', async () => {
    const shell = copied()
    change(shell, /^seed: .*\n/m, '')
    for (const command of [['train', '--resume'], ['eval'], ['runs', 'compare', 'runs/a']]) {
      const { code, stderr } = await shell.run(...command, 'runs/a')
      expect(code).toBe(1)
      expect(stderr).toMatch(/the run runs\/a cannot be read: \S*config\.yaml is not whole: it lacks seed\./)
    }
  })

  test('are of a format, and another one is refused', async () => {
    const shell = copied()
    change(shell, 'format: 2', 'format: 3')
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect([code, stderr]).toEqual([1, expect.stringContaining('this version of ddnet reads formats 1 and 2')])
    expect((await shell.run('config', '--config', 'runs/a/config.yaml')).code).toBe(2)
  })

  test('of a run can be those of another one', async () => {
    const shell = copied()
    const { code, stdout } = await shell.run('config', '--config', 'runs/a/config.yaml', 'seed=7')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^batchSize: 8 /m)
    expect(stdout).toMatch(/^seed: 7 /m)
  })
})

describe('checkpoints', () => {
  const damage = (shell: Session, name: string) =>
    truncateSync(join(shell.cwd, 'runs/a/checkpoints', name, 'model.safetensors'), 9)

  test('of a damaged one the message has the command to take another, which gives what an undisturbed run does', async () => {
    const shell = copied()
    damage(shell, 'step=000011')
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect(code).toBe(1)
    const [, command = ''] = /whole: ddnet (.*)\n$/.exec(stderr) ?? []
    expect(command).toBe('train --resume runs/a --checkpoint step=000008')
    const resumed = await shell.run(...command.split(' '))
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toContain('going on after step 8 of 12')
    const last = readFileSync(join(shell.cwd, 'runs/a/checkpoints/last/model.safetensors')).toString('base64')
    expect(last).toBe(stopped.whole.weights)
    // Nothing is thrown away.
    expect(readdirSync(join(shell.cwd, 'runs/a/checkpoints'))).toContain('set-aside.step=000011')
  })

  test('that are damaged are passed over, and it is said where all are', async () => {
    const shell = copied()
    const names = readdirSync(join(shell.cwd, 'runs/a/checkpoints')).filter((name) => name.startsWith('step='))
    damage(shell, 'step=000011')
    damage(shell, 'step=000008')
    const others = names.filter((name) => name < 'step=000008').sort()
    const { stderr } = await shell.run('eval', 'runs/a', '--checkpoint', 'step=11')
    if (others.length === 0) expect(stderr).toContain('all of them damaged')
    else expect(stderr).toContain(`ddnet eval runs/a --checkpoint ${others.at(-1)}`)
  })

  test.each(['eval', 'predict', 'visualize', 'export'])('%s takes last, best or a step', async (command) => {
    const shell = copied()
    const more = { export: ['a.safetensors', '--force'], visualize: ['--only', 'filters'] }[command] ?? []
    for (const name of ['last', 'best', 'step=8', 'step=000011']) {
      const { code, stderr } = await shell.run(command, 'runs/a', ...more, '--checkpoint', name)
      expect(code, stderr).toBe(0)
    }
    for (const name of ['../../x', 'step=', 'newest', '']) {
      const { code, stderr } = await shell.run(command, 'runs/a', ...more, '--checkpoint', name)
      expect([code, stderr]).toEqual([2, expect.stringContaining('Expected last, best or step=NUMBER.')])
    }
  })

  test('an index that names what is not there is told, and does not block the rest', async () => {
    const shell = copied()
    rmSync(join(shell.cwd, 'runs/a/checkpoints/step=000011'), { recursive: true })
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect(code).toBe(1)
    expect(stderr).toContain('there is no checkpoint runs/a/checkpoints/last (step=000011).')
    expect((await shell.run('eval', 'runs/a', '--checkpoint', 'step=8')).code).toBe(0)
    expect((await shell.run('train', '--resume', 'runs/a', '--checkpoint', 'step=8')).code).toBe(0)
    expect(readFileSync(join(shell.cwd, 'runs/a/checkpoints/last/model.safetensors')).toString('base64')).toBe(
      stopped.whole.weights,
    )
  })

  test('--checkpoint is of a run that goes on', async () => {
    const { code, stderr } = await session().run('train', 'steps=1', '--checkpoint', 'best')
    expect([code, stderr]).toEqual([2, expect.stringContaining('ddnet train --resume runs/NAME --checkpoint best')])
  })
})

describe('one run has one writer', () => {
  test('a second one is refused, with the process that writes; readers are not', async () => {
    const shell = copied()
    let second: Promise<{ code: number; stderr: string }> | undefined
    const first: Session = session({
      loadData: afterImages(8, () => {
        second = other.run('train', '--resume', join(first.cwd, 'runs/a'))
      }),
    })
    const other = session()
    cpSync(join(shell.cwd, 'runs'), join(first.cwd, 'runs'), { recursive: true, verbatimSymlinks: true })
    expect((await first.run('train', '--resume', 'runs/a')).code).toBe(0)
    const { code, stderr } = (await second) as { code: number; stderr: string }
    expect(code).toBe(1)
    expect(stderr).toContain(`is being trained by process ${process.pid} on `)
    expect(stderr).toContain(`Wait for it, or stop it: kill ${process.pid}`)
    expect(existsSync(join(first.cwd, 'runs/a/writer.json'))).toBe(false)
  })
})

describe("somebody else's run folder", () => {
  /** Every name that a run or what is made of it writes. */
  const names = [
    'metrics.jsonl',
    'metrics.jsonl.new',
    'metrics.csv',
    'metrics.csv.new',
    'config.yaml.new',
    'environment.json',
    'result.json',
    'predictions.png',
    'report.html',
    'writer.json.turn',
    'checkpoints/index.json',
    'checkpoints/last',
    'checkpoints/best',
    'checkpoints/.unfinished-step=000012',
    'checkpoints/.unfinished-index.json',
    ...['metrics.jsonl', 'metrics.csv', 'report.html', 'result.json', 'environment.json'].map(
      (name) => `.unfinished-${name}`,
    ),
  ]

  test.each(['symbolic link', 'hard link'])('nothing outside of it is written through a %s', async (kind) => {
    const shell = copied()
    const outside = join(shell.cwd, 'outside')
    mkdirSync(outside)
    for (const [at, name] of names.entries()) {
      const file = join(shell.cwd, 'runs/a', name)
      const target = join(outside, String(at))
      const is = existsSync(file) && !/(last|best)$/.test(name)
      writeFileSync(target, is ? readFileSync(file) : 'mine')
      rmSync(file, { force: true })
      if (kind === 'hard link') linkSync(target, file)
      else symlinkSync(target, file)
    }
    const before = readdirSync(outside).map((name) => readFileSync(join(outside, name), 'utf8'))
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect(code, stderr).toBe(0)
    expect((await shell.run('visualize', 'runs/a', '--only', 'curves')).code).toBe(0)
    expect(readdirSync(outside).map((name) => readFileSync(join(outside, name), 'utf8'))).toEqual(before)
  })

  test.each(['checkpoints', 'checkpoints/step=000011', 'pictures'])('%s that is a link is refused', async (name) => {
    const shell = copied()
    const [folder, outside] = [join(shell.cwd, 'runs/a', name), join(shell.cwd, 'outside')]
    if (existsSync(folder)) renameSync(folder, outside)
    else mkdirSync(outside)
    symlinkSync(outside, folder)
    const command = name === 'pictures' ? ['visualize', 'runs/a', '--only', 'curves'] : ['train', '--resume', 'runs/a']
    const before = readdirSync(outside)
    const { code, stderr } = await shell.run(...command)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/is a link: a run is written in its own folder only/)])
    expect(readdirSync(outside)).toEqual(before)
  })

  test.skipIf(!existsSync('/dev/zero'))('a device in the place of a file is refused (needs /dev/zero)', async () => {
    for (const name of ['config.yaml', 'data.json', 'metrics.jsonl', 'environment.json', 'checkpoints/index.json']) {
      const shell = copied()
      const file = join(shell.cwd, 'runs/a', name)
      rmSync(file)
      symlinkSync('/dev/zero', file)
      const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
      expect([code, stderr]).toEqual([1, expect.stringContaining('it is not a file')])
    }
  })

  test('an index that leads elsewhere is refused', async () => {
    const shell = copied()
    const file = join(shell.cwd, 'runs/a/checkpoints/index.json')
    writeFileSync(file, readFileSync(file, 'utf8').replace('step=000011', '../../../x'))
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect([code, stderr]).toEqual([1, expect.stringContaining('index.json is damaged. Delete it')])
  })
})
