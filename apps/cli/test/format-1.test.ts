import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSafetensors } from '@ddnet/formats'
import { describe, expect, test } from 'vitest'
import { type Session, session } from './session.ts'

// A whole run as `ddnet train` wrote it when settings were in groups and formats had the number 1, interrupted after 10 of 20 steps; and
// what the same version made of it when it went on, which is the judge here.
const before = fileURLToPath(new URL('./run-of-format-1/', import.meta.url))

function withRun(): Session {
  const shell = session()
  cpSync(join(before, 'run'), join(shell.cwd, 'runs/a'), { recursive: true })
  return shell
}

const linesOf = (path: string): Record<string, unknown>[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ ...JSON.parse(line), seconds: 0 }))
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const weightsIn = (path: string) =>
  Object.fromEntries(
    Object.entries(decodeSafetensors(readFileSync(path)).tensors).map(([name, { data, shape }]) => [
      name,
      { shape, data: [...data] },
    ]),
  )

describe('a run of format 1', () => {
  test('goes on as the version that wrote it went on, to the last bit', async () => {
    const shell = withRun()
    const { code, stderr } = await shell.run('train', '--resume', 'runs/a')
    expect([code, stderr]).toEqual([0, expect.stringContaining('run       runs/a, going on after step 10 of 20\n')])
    expect(linesOf(join(shell.cwd, 'runs/a/metrics.jsonl'))).toEqual(linesOf(join(before, 'end/metrics.jsonl')))
    const weights = weightsIn(join(shell.cwd, 'runs/a/checkpoints/step=000020/model.safetensors'))
    expect(weights).toEqual(weightsIn(join(before, 'end/model.safetensors')))
    expect(json(join(shell.cwd, 'runs/a/result.json'))).toMatchObject(json(join(before, 'end/result.json')))
    // Its new checkpoint is of today, and goes with the settings in the folder.
    expect(await shell.run('eval', 'runs/a', '--json')).toMatchObject({ code: 0 })
  })

  test('is used as it is, by every command that takes a run', async () => {
    const shell = withRun()
    const evaluated = await shell.run('eval', 'runs/a', '--json')
    expect([evaluated.code, JSON.parse(evaluated.stdout)]).toEqual([
      0,
      expect.objectContaining({ step: 10, images: 40 }),
    ])
    expect((await shell.run('predict', 'runs/a')).stdout).toMatch(/^image 1\/10 test image 0 \(airplane\): 32x32 /)
    expect((await shell.run('runs')).stdout).toMatch(/^runs\/a .* 10\/20 +\d:\d\d +12\.5% val/m)
    expect((await shell.run('export', 'runs/a', 'a.safetensors')).code).toBe(0)
    const config = await shell.run('config', '--config', 'runs/a/config.yaml')
    expect([config.code, config.stdout]).toEqual([0, expect.stringMatching(/^task\.labelSmoothing: 0\.1 /m)])
  })

  test('keeps its settings: another one is refused', async () => {
    expect(await withRun().run('train', '--resume', 'runs/a', 'data.size=32')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('data.size=32 (command line) would change the run runs/a, which has 16.'),
    })
  })
})
