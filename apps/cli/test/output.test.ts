import { describe, expect, test } from 'vitest'
import { session } from './session.ts'

const tiny = ['model.channels=[4]', 'batchSize=8', 'steps=8', 'validation.every=4', 'validation.images=40']
const escapeCode = '\x1b'

describe('where output goes', () => {
  test('into a file: whole lines, no escape codes; data on stdout, what is said on stderr', async () => {
    const { stdout, stderr } = await session().run('train', ...tiny)
    expect(stdout + stderr).not.toContain(escapeCode)
    expect(stdout + stderr).not.toContain('\r')
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      expect.stringMatching(/^step 4\/8 /),
      expect.stringMatching(/^step 8\/8 /),
      '',
    ])
    expect(stderr).not.toContain('step 4/8')
    expect(stderr).toContain('backend ')
  })

  test('onto a terminal: color and a line that is rewritten, never wider than the terminal', async () => {
    const { stdout, stderr } = await session({ isTTY: true, columns: 60 }).run('train', ...tiny)
    expect(stdout).toContain(`${escapeCode}[1m`)
    expect(stderr).toContain('━')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal begin with one
    const shown = stderr.replace(/\x1b\[[?\d;]*[A-Za-z]/g, '\n')
    const live = shown.split('\n').filter((line) => /^(train|testing) /.test(line))
    expect(live.length).toBeGreaterThan(0)
    for (const line of live) expect(line.length).toBeLessThan(60)
  })

  test('NO_COLOR on a terminal: no color, but the line is still rewritten', async () => {
    const { stdout, stderr } = await session({ isTTY: true, columns: 80, env: { NO_COLOR: '1' } }).run('train', ...tiny)
    expect(stdout).not.toContain(escapeCode)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the codes of a terminal begin with one
    expect(stderr).not.toMatch(/\x1b\[[\d;]*m/)
    expect(stderr).toContain('━')
  })

  test('CI on a terminal: no rewriting', async () => {
    const { stderr } = await session({ isTTY: true, columns: 80, env: { CI: 'true' } }).run('train', ...tiny)
    expect(stderr).not.toContain('━')
  })

  test('FORCE_COLOR into a file: color, no rewriting', async () => {
    const { stdout, stderr } = await session({ env: { FORCE_COLOR: '1' } }).run('train', ...tiny)
    expect(stdout).toContain(`${escapeCode}[1m`)
    expect(stderr).not.toContain('━')
  })

  test('no line of a file is wider than 80 columns', async () => {
    const { stdout, stderr } = await session().run('train', ...tiny)
    for (const line of `${stdout}${stderr}`.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })
})
