import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { afterImages, type Session, session } from './session.ts'

const tiny = ['cifar10', 'model.channels=[4,4]', 'batchSize=8']

describe('ddnet find-lr', () => {
  test('shows the loss over the rates, suggests one and says how to use it; leaves nothing behind', async () => {
    const shell = session()
    const { code, stdout, stderr } = await shell.run('find-lr', ...tiny, 'optimizer.learningRate=7', '--steps', '40')
    expect(code).toBe(0)
    const [loss, rate, pointer, suggested, ...rest] = stdout.split('\n')
    expect(loss).toMatch(/^loss {6}[▁▂▃▄▅▆▇█]{20,40} {2}\d\.\d{3}, least \d\.\d{3}$/)
    expect(rate).toMatch(/^rate {6}1e-6 +1e-5 +1e-4 /)
    expect(pointer).toMatch(/^ {10,}.*▲/)
    const value = Number(/^suggested (\S+), where the loss falls most steeply$/.exec(suggested as string)?.[1])
    expect(value).toBeGreaterThan(1e-6)
    expect(rest).toEqual([''])
    expect(stderr).toContain('find-lr   40 steps, the learning rate growing from 1e-6 to 1\n')
    // What a shell would take for a pattern is quoted, and a command over two lines is one.
    expect(stderr.replace(' \\\n          ', ' ')).toContain(
      `go on     ddnet train cifar10 'model.channels=[4,4]' batchSize=8 optimizer.learningRate=${value}\n`,
    )
    expect(readdirSync(shell.cwd)).toEqual([])
    for (const line of `${stdout}${stderr}`.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('takes the settings of train: another seed, loss or step is another sweep', async () => {
    const sweep = async (...words: string[]) => {
      const { stdout } = await session().run('find-lr', ...tiny, ...words, '--steps', '40', '--json')
      return JSON.parse(stdout)
    }
    const usual = await sweep()
    expect(usual).toEqual({ suggestion: expect.any(Number), exploded: expect.any(Boolean), points: expect.any(Array) })
    expect(usual.points).toHaveLength(40)
    expect([usual.points[0].learningRate, usual.points[39].learningRate]).toEqual([1e-6, expect.closeTo(1, 9)])
    expect(await sweep()).toEqual(usual)
    expect(await sweep('ema.decay=0.9')).toEqual(usual)
    for (const word of ['seed=1', 'task.labelSmoothing=0.3', 'accumulate=2', 'data.crop=4', 'clipNorm=0.01']) {
      expect((await sweep(word)).points, word).not.toEqual(usual.points)
    }
  })

  test.each(['rates.svg', 'rates.png'])('draws %s', async (file) => {
    const shell = session()
    const { code, stderr } = await shell.run('find-lr', ...tiny, '--steps', '40', '--plot', file)
    expect(code).toBe(0)
    expect(stderr).toContain(`plot      ${file}\n`)
    const { format } = await sharp(join(shell.cwd, file)).metadata()
    expect(format).toBe(file.slice('rates.'.length))
    if (format === 'svg') expect(readFileSync(join(shell.cwd, file), 'utf8')).toContain('>loss by learning rate: ')
  })

  test('rates at which nothing is learned: exit code 1 with the reason and a remedy', async () => {
    const words = ['find-lr', ...tiny, 'optimizer=sgd', '--from', '1e6', '--to', '1e9']
    const { code, stdout, stderr } = await session().run(...words)
    expect(code).toBe(1)
    expect(stdout).not.toContain('suggested')
    expect(stderr).toMatch(
      /^ddnet: no learning rate to suggest: the loss exploded at the (first rate|rate \S+)\. Begin lower: --from 1e3$/m,
    )
    const json = await session().run(...words, '--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      suggestion: null,
      exploded: true,
      reason: expect.stringMatching(/^no /),
    })
  })

  test('Ctrl-C ends it after the step, with exit code 130 and no suggestion', async () => {
    const shell: Session = session({ loadData: afterImages(40, () => shell.signal('SIGINT')) })
    const { code, stdout, stderr } = await shell.run('find-lr', ...tiny, '--steps', '1000')
    expect([code, stdout]).toEqual([130, ''])
    expect(stderr).toContain('Ctrl-C: finishing this step. Ctrl-C again stops at once.\n')
    expect(stderr).not.toContain('go on')
  })

  test.each<[string[], number, string]>([
    [['--steps', '9'], 2, '--steps 9: expected at least 10. Try --steps 100'],
    [['--from', '1', '--to', '0.1'], 2, '--from 1 --to 0.1: expected the first rate to be below the last'],
    [['--from', '0'], 2, "option '--from <rate>' argument '0' is invalid. Expected a number above 0."],
    [['--plot', 'rates.pdf'], 2, '--plot rates.pdf: expected a file that ends with .svg or .png, as in rates.svg'],
    [['--plot', 'none/rates.svg'], 1, 'cannot write none/rates.svg: there is no folder '],
    [['batchsize=8'], 2, "'batchsize=8' is not a valid setting (command line). Similar: batchSize"],
  ])('%s is refused before any work', async (words, code, message) => {
    const shell = session()
    const { code: given, stdout, stderr } = await shell.run('find-lr', 'cifar10', ...words)
    expect([given, stdout]).toEqual([code, ''])
    expect(stderr).toContain(`ddnet: ${message}`)
    expect(existsSync(join(shell.cwd, 'runs'))).toBe(false)
  })
})
