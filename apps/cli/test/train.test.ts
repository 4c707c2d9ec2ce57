import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClassificationSample } from '@ddnet/datasets'
import { readTensorBoardRecords } from '@ddnet/formats'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { afterImages, type Session, session, tinyData } from './session.ts'

/** Seconds of training: a small net, 12 steps of 8 images, measured every 4 on 40 images. */
const tiny = [
  'cifar10',
  'model.channels=[4,4]',
  'batchSize=8',
  'steps=12',
  'validation.every=4',
  'validation.images=40',
  'checkpoint.every=4',
]

/** A run of these that nothing disturbed, and what it said: made once, to compare with. */
let whole: Session
let usual: Awaited<ReturnType<Session['run']>>
beforeAll(async () => {
  whole = session({ cwd: mkdtempSync(join(tmpdir(), 'ddnet-whole-')) })
  usual = await whole.run('train', ...tiny)
})
afterAll(() => rmSync(whole.cwd, { recursive: true, force: true }))

/** A shell in whose folder that run is. */
function withRun(): Session {
  const shell = session()
  cpSync(join(whole.cwd, 'runs'), join(shell.cwd, 'runs'), { recursive: true, verbatimSymlinks: true })
  return shell
}

const text = (shell: Session, path: string) => readFileSync(join(shell.cwd, path), 'utf8')
const records = (shell: Session, run: string) =>
  text(shell, `${run}/metrics.jsonl`)
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { seconds, ...record } = JSON.parse(line)
      return record
    })
const weights = (shell: Session, run: string) =>
  readFileSync(join(shell.cwd, run, 'checkpoints/last/model.safetensors')).toString('base64')

const files = (shell: Session) => readdirSync(join(shell.cwd, 'runs/cifar10-quick')).sort()
const eventFiles = (shell: Session) => files(shell).filter((name) => name.startsWith('events.'))
/** What TensorBoard is told, without the times: step and tags, and all that the record says of them. */
const events = (shell: Session) =>
  eventFiles(shell)
    .flatMap((name) => readTensorBoardRecords(readFileSync(join(shell.cwd, 'runs/cifar10-quick', name))))
    .filter(({ tags }) => tags.length > 0)
    // Behind the record's header of 12 bytes comes the time (9 bytes), at its end a checksum.
    .map(({ step, tags, bytes }) => ({ step, tags, content: Buffer.from(bytes.slice(21, -4)).toString('base64') }))

describe('train', () => {
  test('leaves a folder with everything, and says how to go on', async () => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run('train', ...tiny)
    expect(code).toBe(0)
    expect(files(shell).map((name) => name.replace(/tfevents\.\d+/, 'tfevents.SECONDS'))).toEqual([
      'checkpoints',
      'config.yaml',
      'data.json',
      'environment.json',
      'events.out.tfevents.SECONDS.ddnet.0',
      'metrics.csv',
      'metrics.jsonl',
      'predictions.png',
      'report.html',
      'result.json',
    ])
    expect(
      stdout.match(/^step +\d+\/12 \| train loss [\d.]+ acc +[\d.]+% \| val loss [\d.]+ acc +[\d.]+% \| 0:\d\d$/gm),
    ).toHaveLength(3)
    expect(stdout).toMatch(/^test accuracy \d+\.\d\d% \(\d+ of 40 images\), loss \d/m)
    expect(stderr).toContain('backend   WebAssembly for tests (wasm)')
    expect(stderr.replace(/\s+/g, ' ')).toContain(
      'auto: no TensorFlow: the addon is missing (ddnet backend install tensorflow); no GPU: this machine has no graphics device',
    )
    expect(stderr).toContain(
      'This is a quick look, not the full recipe, which is:\n          ddnet train cifar10 epochs=10\n',
    )
    expect(stderr).toContain('ddnet eval runs/cifar10-quick\n')
    const { width, height, format } = await sharp(join(shell.cwd, 'runs/cifar10-quick/predictions.png')).metadata()
    expect([width, height, format]).toEqual([960, 1291, 'png'])
  })

  test('is three epochs where nothing says how long and there is no GPU', async () => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run(
      'train',
      'model.channels=[4]',
      'batchSize=40',
      'validation.images=40',
    )
    expect(code).toBe(0)
    expect(stdout.match(/^epoch [123]\/3 \| train loss /gm)).toHaveLength(3)
    expect(stderr).toContain('recipe    preset short: 3 epochs (6 steps) of 40 images')
    expect(stderr).toContain(
      'This is a short run, not the full recipe, which is:\n          ddnet train cifar10 epochs=10\n',
    )
    expect(readdirSync(join(shell.cwd, 'runs'))).toEqual(['cifar10-short'])
  })

  test('ends with exactly what eval says', async () => {
    const shell = withRun()
    const { code, stdout } = await shell.run('eval', 'runs/cifar10-quick')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^test accuracy/)
    expect(usual.stdout).toContain(stdout)
    const result = JSON.parse(text(shell, 'runs/cifar10-quick/result.json'))
    const json = JSON.parse((await shell.run('eval', 'runs/cifar10-quick', '--json')).stdout)
    expect(json).toMatchObject({ run: 'runs/cifar10-quick', checkpoint: 'last', ...result })
  })

  test('the same seed gives the same run twice, in a folder beside', async () => {
    const shell = session()
    for (let run = 0; run < 2; run++) await shell.run('train', ...tiny)
    expect(readdirSync(join(shell.cwd, 'runs'))).toEqual(['cifar10-quick', 'cifar10-quick-2'])
    expect(records(shell, 'runs/cifar10-quick-2')).toEqual(records(shell, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick-2')).toBe(weights(shell, 'runs/cifar10-quick'))
  })

  test('learns', async () => {
    const shell = session()
    const longer = ['model.channels=[16]', 'steps=60', 'optimizer.learningRate=0.03', 'validation.every=30']
    const { stdout } = await shell.run('train', ...tiny, ...longer)
    expect(JSON.parse(text(shell, 'runs/cifar10-quick/result.json')).accuracy, stdout).toBeGreaterThan(0.8)
  })

  test('epochs come a line each', async () => {
    const shell = session()
    const { stdout } = await shell.run('train', 'epochs=2', 'model.channels=[4]', 'validation.images=40', 'name=x')
    expect(stdout.match(/^epoch \d\/2 /gm)).toEqual(['epoch 1/2 ', 'epoch 2/2 '])
    expect(records(shell, 'runs/x').map(({ step, epoch }) => [step, epoch])).toEqual([
      [2, 1],
      [4, 2],
    ])
  })
})

describe('going on', () => {
  test.each([1, 4, 6, 11])('a run that Ctrl-C stopped in step %i ends as one that was not stopped', async (step) => {
    const shell: Session = session({ loadData: afterImages(step * 8, () => shell.signal('SIGINT')) })
    const stopped = await shell.run('train', ...tiny)
    expect(stopped.code).toBe(130)
    expect(stopped.stderr).toContain('Ctrl-C: finishing this step and saving it.')
    expect(stopped.stderr).toContain('go on     ddnet train --resume runs/cifar10-quick\n')
    expect(records(shell, 'runs/cifar10-quick').length).toBe(Math.floor((step - 1) / 4))
    const resumed = await shell.run('train', '--resume', 'runs/cifar10-quick')
    expect(resumed.code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })

  test.each([
    ['lion', 'schedule=cosineWarmRestarts', 'schedule.firstCycle=5'],
    ['muon', 'schedule=multiStep', 'ema.decay=0.5'],
    ['rmsProp', 'schedule=exponential', 'optimizer.centered=true', 'optimizer.momentum=0.9'],
    ['sgd', 'schedule=reduceOnPlateau', 'schedule.patience=0', 'schedule.threshold=0.9', 'schedule.factor=0.5'],
  ])('so does one by %s with %s', async (optimizer, ...more) => {
    const settings = [...tiny, `optimizer=${optimizer}`, ...more]
    const whole = session()
    expect((await whole.run('train', ...settings)).code).toBe(0)
    const told = records(whole, 'runs/cifar10-quick')
    if (optimizer === 'sgd') {
      // Each validation but the first halves the rate, from its next step on.
      expect(told.map(({ learningRate }) => learningRate)).toEqual([0.1, 0.1, 0.05])
    }
    for (const step of [5, 8]) {
      const shell: Session = session({ loadData: afterImages(step * 8, () => shell.signal('SIGINT')) })
      expect((await shell.run('train', ...settings)).code).toBe(130)
      expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
      expect(records(shell, 'runs/cifar10-quick')).toEqual(told)
      expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
    }
  })

  test('a rate that follows the validations needs some', async () => {
    const shell = session()
    const { code, stderr } = await shell.run('train', ...tiny, 'schedule=plateau', 'data.validation=0')
    expect([code, stderr]).toEqual([2, expect.stringContaining('Try schedule=reduceOnPlateau')])
    const without = await shell.run('train', ...tiny, 'schedule=reduceOnPlateau', 'data.validation=0')
    expect(without.code).toBe(2)
    expect(without.stderr).toContain(
      'schedule=reduceOnPlateau needs validation images, and data.validation=0 leaves none. Try data.validation=0.1',
    )
  })

  test('SIGTERM stops in the same way, with its own exit code', async () => {
    const shell: Session = session({ loadData: afterImages(20, () => shell.signal('SIGTERM')) })
    expect((await shell.run('train', ...tiny)).code).toBe(143)
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
  })

  test('Ctrl-C during a validation leaves it, and it is done afterwards', async () => {
    let left = 4 * 8 + 3
    const shell: Session = session({
      loadData: async () => {
        const { train, ...rest } = tinyData()
        const getSync = (index: number) => {
          // The training images of 4 steps, and then the third one of the validation.
          if (--left === 0) shell.signal('SIGINT')
          return train.getSync?.(index) as ClassificationSample
        }
        return { ...rest, train: { ...train, getSync } }
      },
    })
    expect((await shell.run('train', ...tiny)).code).toBe(130)
    expect(records(shell, 'runs/cifar10-quick')).toEqual([])
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })

  test('TensorBoard is told the same by a run that went on', async () => {
    const tags = events(whole).map(({ step, tags }) => [step, tags.filter((tag) => !tag.startsWith('weights/'))])
    const validated = ['train/accuracy', 'validation/loss', 'validation/accuracy']
    expect(tags).toEqual([
      [4, validated],
      [8, validated],
      [9, ['train/accuracy']], // of the epoch, with the weights
      [10, ['train/loss', 'learning_rate']],
      [12, validated],
    ])
    for (const step of [9, 11]) {
      const shell: Session = session({ loadData: afterImages(step * 8, () => shell.signal('SIGINT')) })
      await shell.run('train', ...tiny)
      expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
      expect(eventFiles(shell)).toHaveLength(2)
      expect(events(shell)).toEqual(events(whole))
    }
  })

  test('a finished run is only measured again', async () => {
    const shell = withRun()
    const before = [records(shell, 'runs/cifar10-quick'), weights(shell, 'runs/cifar10-quick')]
    const again = await shell.run('train', '--resume', 'runs/cifar10-quick')
    const report = (text: string) => text.slice(text.indexOf('test accuracy'))
    expect(report(again.stdout)).toBe(report(usual.stdout))
    expect([records(shell, 'runs/cifar10-quick'), weights(shell, 'runs/cifar10-quick')]).toEqual(before)
  })

  test.each([
    ['data.crop=4', 'crops of images padded by 4'],
    ['task.labelSmoothing=0.1', 'label smoothing 0.1'],
    ['ema.decay=0.9', 'averaged weights (decay 0.9)'],
    ['clipNorm=0.1', 'gradients clipped to norm 0.1'],
  ])('so does one with %s, which is another run and says so', async (setting, said) => {
    expect(usual.stderr).not.toContain(said)
    const other = session()
    const told = await other.run('train', ...tiny, setting)
    expect(told.stderr.replace(/\n {10}/g, ' ')).toMatch(
      new RegExp(`^recipe .*[ ,]${said.replace(/[()]/g, '\\$&')}(,|$| This)`, 'm'),
    )
    expect(weights(other, 'runs/cifar10-quick')).not.toBe(weights(whole, 'runs/cifar10-quick'))
    const shell: Session = session({ loadData: afterImages(6 * 8, () => shell.signal('SIGINT')) })
    expect((await shell.run('train', ...tiny, setting)).code).toBe(130)
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(other, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(other, 'runs/cifar10-quick'))
  })

  test.each([3, 20, 31])('so does one that accumulates three batches a step, stopped in batch %i', async (batch) => {
    const accumulating = [
      ...tiny,
      'preset=quick',
      'accumulate=3',
      'epochs=4',
      'validation.every=epoch',
      'checkpoint.every=2',
    ].filter((word) => !word.startsWith('steps='))
    const whole = session()
    const { stdout, stderr } = await whole.run('train', ...accumulating)
    // 72 images are 9 batches: three steps of three.
    expect(stderr).toMatch(/recipe .*4 epochs \(12 steps\) of 3 × 8 images/)
    expect(stdout.match(/^epoch \d\/4 /gm)).toHaveLength(4)
    expect(records(whole, 'runs/cifar10-quick').map(({ step, epoch }) => [step, epoch])).toEqual([
      [3, 1],
      [6, 2],
      [9, 3],
      [12, 4],
    ])
    const shell: Session = session({ loadData: afterImages(batch * 8, () => shell.signal('SIGINT')) })
    expect((await shell.run('train', ...accumulating)).code).toBe(130)
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })

  test('settings that would change the run are refused', async () => {
    const shell = withRun()
    const { code, stderr } = await shell.run('train', '--resume', 'runs/cifar10-quick', 'batchSize=16')
    expect([code, stderr]).toEqual([
      2,
      'ddnet: batchSize=16 (command line) would change the run runs/cifar10-quick, which has 8. Leave it out, or start a new run without --resume. Only backend, data.directory, checkpoint.every, checkpoint.keep, maxSeconds may change.\n',
    ])
  })
})

describe('what ends a run before its last step', () => {
  // The validation loss cannot get better by 1000, so that the first validation stays the best.
  const impatient = [...tiny, 'earlyStopping.patience=2', 'monitor=loss', 'earlyStopping.minDelta=1000']
  const message =
    /stopped {3}Early stopping: 2 validations brought nothing better than [\d.]+ of step 4 for the score 'loss'\./

  test('early stopping: the run is finished, is measured, and says where the best is', async () => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run('train', ...impatient, 'steps=40')
    expect(code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick').map(({ step }) => step)).toEqual([4, 8, 12])
    expect(stderr).toContain('early stopping (loss, patience 2)')
    expect(stderr.replace(/\n {10}/g, ' ')).toMatch(message)
    expect(stderr).toContain('ddnet eval runs/cifar10-quick --checkpoint best    (the best)\n')
    expect(stdout).toMatch(/^test accuracy/m)
    const again = await shell.run('train', '--resume', 'runs/cifar10-quick')
    expect(again.code).toBe(0)
    expect(again.stderr.replace(/\n {10}/g, ' ')).toMatch(message)
    expect(records(shell, 'runs/cifar10-quick').map(({ step }) => step)).toEqual([4, 8, 12])
  })

  test.each([6, 9, 11])('early stopping counts on over Ctrl-C in step %i', async (step) => {
    const whole = session()
    await whole.run('train', ...impatient, 'steps=40', 'checkpoint.every=3')
    const shell: Session = session({ loadData: afterImages(step * 8, () => shell.signal('SIGINT')) })
    expect((await shell.run('train', ...impatient, 'steps=40', 'checkpoint.every=3')).code).toBe(130)
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })

  test('maxSeconds: it says how to go on, which gives what a run without them does', async () => {
    // The images of the fifth step take as long as the whole budget.
    const slow = afterImages(40, () => {
      const end = performance.now() + 500
      while (performance.now() < end);
    })
    const shell = session({ loadData: slow })
    const { code, stderr } = await shell.run('train', ...tiny, 'maxSeconds=0.5')
    expect(code).toBe(0)
    expect(stderr).toContain('at most 0.5 s\n')
    expect(stderr).toContain('stopped   Time limit reached: maxSeconds=0.5.\n')
    expect(stderr).toContain('go on     ddnet train --resume runs/cifar10-quick\n')
    expect(stderr).toContain('ddnet eval runs/cifar10-quick    (as it is now)\n')
    expect(existsSync(join(shell.cwd, 'runs/cifar10-quick/result.json'))).toBe(false)
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick', 'maxSeconds=null')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })
})

test('a time limit that is reached before the first step leaves nothing to go on with', async () => {
  const { code, stderr } = await session().run('train', ...tiny, 'maxSeconds=1e-9')
  expect(code).toBe(0)
  expect(stderr).toContain('stopped   Time limit reached: maxSeconds=1e-9, before the first step.\n')
  expect(stderr).not.toContain('go on')
})

/** A command line that fails, and the one line that it says. */
async function failure(shell: Session, ...args: string[]) {
  const { code, stdout, stderr } = await shell.run(...args)
  expect(stdout).toBe('')
  const lines = stderr.split('\n').filter((line) => line.startsWith('ddnet: '))
  expect(lines).toHaveLength(1)
  expect(stderr).not.toMatch(/^ {4}at /m)
  return { code, line: lines[0] }
}

describe('what goes wrong', () => {
  test('a learning rate that makes the loss explode: exit code 3', async () => {
    const shell = session()
    const words = ['optimizer=sgd', 'optimizer.learningRate=1e30', 'schedule=constant']
    const { code, stderr } = await shell.run('train', ...tiny, ...words, 'checkpoint.every=1')
    expect(code).toBe(3)
    expect(stderr).toMatch(
      /^ddnet: Training diverged at step 2: the loss is NaN, and before it the output of layer '\S+' \(learning rate 1e\+30\)\. Lower the learning rate or clip the gradients\. Try optimizer\.learningRate=1e29 or clipNorm=1\. What was saved before is whole: runs\/cifar10-quick\/checkpoints\/last\.$/m,
    )
  })

  test('an explicit backend that is not there: exit code 4, and no folder', async () => {
    const shell = session()
    expect(await failure(shell, 'train', ...tiny, '--backend', 'cuda')).toEqual({
      code: 4,
      line: expect.stringMatching(
        /^ddnet: tensorflow: the addon is missing\. Run: .*ddnet backend install tensorflow$/,
      ),
    })
    expect(existsSync(join(shell.cwd, 'runs'))).toBe(false)
  })

  test('a request that cannot fit: exit code 2 with the estimate, and no folder', async () => {
    const shell = session()
    const { code, line } = await failure(shell, 'train', 'preset=article')
    expect(code).toBe(2)
    expect(line).toMatch(
      /^ddnet: a step with batchSize=128 and data.size=224 needs about [\d.]+ GB of memory, and WebAssembly can have/,
    )
    expect(existsSync(join(shell.cwd, 'runs'))).toBe(false)
  })

  test('a setting that is wrong: exit code 2', async () => {
    const shell = session()
    expect(await failure(shell, 'train', 'epoch=3')).toEqual({
      code: 2,
      line: "ddnet: 'epoch=3' is not a valid setting (command line). Similar: epochs",
    })
    expect(await failure(shell, 'train', 'cifar100')).toEqual({
      code: 2,
      line: "ddnet: 'cifar100' is neither a data set nor a setting (command line): expected cifar10, mnist, fashionMnist, folder=PATH or key=value. Similar: cifar10",
    })
  })

  test('--verbose says where', async () => {
    const { stderr } = await session().run('train', 'epoch=3', '--verbose')
    expect(stderr).toMatch(/^ {4}at /m)
  })

  test.each(['eval', 'predict', 'train --resume'])('%s of a run that is not there: exit code 1', async (command) => {
    const { code, line } = await failure(session(), ...command.split(' '), 'runs/none')
    expect([code, line]).toEqual([1, 'ddnet: there is no run runs/none. Train one first: ddnet train cifar10'])
  })

  test('a truncated checkpoint is named: exit code 1', async () => {
    const shell = withRun()
    const path = 'runs/cifar10-quick/checkpoints/last'
    truncateSync(join(shell.cwd, path, 'model.safetensors'), 500)
    for (const command of [['eval'], ['predict'], ['train', '--resume']]) {
      const { code, line } = await failure(shell, ...command, 'runs/cifar10-quick')
      expect(code).toBe(1)
      expect(line).toContain(`${path} (step=000012): model.safetensors is damaged: it has 500 bytes, expected`)
      expect(line).toContain('Other checkpoints of the run: step=000008, step=000004.')
    }
  })

  test('a damaged configuration is named: exit code 1', async () => {
    const shell = withRun()
    writeFileSync(join(shell.cwd, 'runs/cifar10-quick/config.yaml'), 'epochs: [1')
    const { code, line } = await failure(shell, 'eval', 'runs/cifar10-quick')
    expect([code, line]).toEqual([1, expect.stringContaining('the run runs/cifar10-quick cannot be read: ')])
  })

  test('a full disk: exit code 1, the last checkpoint is whole and the run can go on', async () => {
    let fill = true
    const shell: Session = session()
    const table = join(shell.cwd, 'runs/cifar10-quick/metrics.csv')
    const open = fs.open
    // The table cannot be written any more once the first checkpoint is there.
    shell.onWrite = (text) => {
      if (!fill || !text.startsWith('step')) return
      fill = false
      vi.spyOn(fs, 'open').mockImplementation(async (file, ...others) => {
        if (file === table) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        return open(file, ...others)
      })
    }
    onTestFinished(() => void vi.restoreAllMocks())
    const { code, stderr } = await shell.run('train', ...tiny)
    vi.restoreAllMocks()
    expect(code).toBe(1)
    expect(stderr).toContain(
      `ddnet: runs/cifar10-quick/metrics.csv: the disk is full. Free some space, or choose another disk, for a run with runs=FOLDER. Go on with: ddnet train --resume runs/cifar10-quick\n`,
    )
    expect((await shell.run('train', '--resume', 'runs/cifar10-quick')).code).toBe(0)
    expect(records(shell, 'runs/cifar10-quick')).toEqual(records(whole, 'runs/cifar10-quick'))
    expect(weights(shell, 'runs/cifar10-quick')).toBe(weights(whole, 'runs/cifar10-quick'))
  })

  test('a folder of runs that is a file', async () => {
    const shell = session()
    writeFileSync(join(shell.cwd, 'runs'), '')
    const { code, line } = await failure(shell, 'train', ...tiny)
    expect([code, line]).toEqual([
      1,
      'ddnet: cannot make the folder runs: a file is in its way. Choose another with runs=FOLDER',
    ])
  })

  // Node's own mkdir never ends there.
  test.skipIf(!existsSync('/proc/self'))('a folder of runs where none can be made (needs /proc)', async () => {
    const { code, line } = await failure(session(), 'train', ...tiny, 'runs=/proc/no/runs')
    expect([code, line]).toEqual([
      1,
      'ddnet: cannot make the folder /proc/no/runs: nothing can be made there. Choose another with runs=FOLDER',
    ])
  })
})
