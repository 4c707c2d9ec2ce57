import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writePhotos } from './photos.ts'
import { session } from './session.ts'

// Names that clear the screen, color what follows, make a link, forge a line and turn text around.
const steering = '\x1b[2J\x1b[35m\x1b]8;;mailto:bad@example\x07\u202egnp\x9b1A\x7f'
const [cats, dogs] = [`cats${steering}`, 'dogs\nddnet: all is well']
const tiny = ['data.size=16', 'model.channels=[4]', 'batchSize=4', 'steps=2', 'validation.every=1']

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const steers = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/

/** Runs a command line, and looks that nothing of what it wrote steers a terminal or begins a line of its own. */
async function shells(options: Parameters<typeof session>[0]) {
  const shell = session(options)
  await writePhotos(join(shell.cwd, 'photos'), { [cats]: 6, [dogs]: 6 })
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await shell.run(...args)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colors that this program uses
    const ours = /\x1b\[(?:[0-9]|2[0-9]|3[0-4]|36|39|48;2;[\d;]+|38;2;[\d;]+)m/g
    const text = `${stdout}${stderr}`.replace(options?.isTTY ? ours : /$^/, '')
    expect(text, args.join(' ')).not.toMatch(steers)
    expect(text).not.toMatch(/^ddnet: all is well/m)
    return { code, text }
  }
  return { shell, run }
}

describe.each([
  ['in a file', { isTTY: false }],
  ['on a terminal', { isTTY: true, columns: 80, env: { CI: 'true' } }],
])('%s, names steer nothing', (_, options) => {
  test('of classes, files, folders and runs', async () => {
    const { shell, run } = await shells(options)
    const seen = [await run('data', 'inspect', 'photos'), await run('train', 'folder=photos', ...tiny, 'name=a')]
    const hostile = `runs/b${steering}`
    renameSync(join(shell.cwd, 'runs/a'), join(shell.cwd, hostile))
    renameSync(join(shell.cwd, 'photos', cats, '0.jpg'), join(shell.cwd, `a${steering}.jpg`))
    writeFileSync(join(shell.cwd, `broken${steering}.jpg`), 'no image')
    mkdirSync(join(shell.cwd, `runs/none${steering}`))
    seen.push(
      await run('eval', hostile, '--json'),
      await run('predict', hostile),
      await run('predict', hostile, `a${steering}.jpg`),
      await run('predict', hostile, `a${steering}.jpg`, '--json'),
      await run('export', hostile, `model${steering}.onnx`),
      await run('visualize', hostile, `a${steering}.jpg`, '--only', 'curves,filters'),
      await run('runs', 'list'),
      await run('runs', 'list', '--json'),
      await run('runs', 'compare', hostile, hostile),
    )
    expect(seen.map(({ code }) => code)).toEqual(seen.map(() => 0))
    expect(seen[1]?.text.replace(/\s+/g, '')).toContain('cats\\u001b[2J\\u001b[35m')
    const failing = [
      await run('predict', hostile, `broken${steering}.jpg`),
      await run('predict', hostile, `none${steering}.jpg`),
      await run('eval', `runs/nowhere${steering}`),
      await run('eval', hostile, '--checkpoint', steering),
      await run('train', `epochs=${steering}`),
      await run('train', steering),
      await run('train', `--${steering}`),
      await run(steering),
    ]
    for (const { code } of failing) expect([1, 2]).toContain(code)
  })

  test('of files of settings and what they say', async () => {
    const { shell, run } = await shells(options)
    for (const [name, text] of Object.entries({
      [`a${steering}.yaml`]: 'epochs: [1',
      'key.yaml': `"ep\\e[2J\\u202eochs": 3`,
      'value.yaml': `epochs: "\\e[2J\\u202e\\n"`,
      'bytes.yaml': `epochs: ${steering}`,
    })) {
      writeFileSync(join(shell.cwd, name), text)
      expect((await run('train', '--config', name)).code).toBe(2)
    }
  })
})
