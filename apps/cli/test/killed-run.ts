import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { random } from '@ddnet/ops'
import { expect } from 'vitest'
import { writePhotos } from './photos.ts'

// The whole built command, killed at any moment of its files: while it writes the first ones of its run, saves, validates, or concludes. Moments are
// counted and not timed, so that a machine that does other things as well changes nothing.

const command = fileURLToPath(new URL('../dist/main.mjs', import.meta.url))
const dieAt = new URL('./die-at.mjs', import.meta.url).href
const small = ['train', 'folder=photos', 'data.size=16', 'model.channels=[4]', 'batchSize=4', 'seed=1', 'backend=wasm']
const settings = [...small, 'steps=24', 'validation.every=3', 'checkpoint.every=2']
const leftOut = /^(NO_COLOR|FORCE_COLOR|CI|npm_.*|DDNET_(?!CACHE).*)$/

interface Killed {
  readonly kills: number
  /** How often a run had nothing to go on with yet, and said so. */
  readonly refused: number
  /** How many runs came to their end, each with what an undisturbed one has. */
  readonly exact: number
}

/**
 * Kills runs of the command at random moments and goes on with them, until so many were killed. Every run ends with the weights and
 * the log of an undisturbed one; one without a checkpoint is refused in words, and begun again.
 */
export async function killCommand(cwd: string, { kills, seed }: { kills: number; seed: number }): Promise<Killed> {
  await writePhotos(join(cwd, 'photos'), { cats: 20, dogs: 20 })
  const counted = join(cwd, 'moments')
  const { code, stderr } = await ended(cwd, [...settings, 'name=whole'], { COUNT_MOMENTS_INTO: counted })
  expect(code, stderr).toBe(0)
  const moments = Number(readFileSync(counted, 'utf8'))
  expect(moments).toBeGreaterThan(500)
  const whole = outcome(cwd, 'whole')

  let [killed, refused, exact] = [0, 0, 0]
  let isBegun = false
  for (let round = 0; killed < kills || isBegun; round++) {
    const words = isBegun ? ['train', '--resume', 'runs/broken'] : [...settings, 'name=broken']
    // A run that goes on has fewer moments left than a whole one, and may come to its end.
    const at = 1 + random.integer(random.key(seed).fold(round), moments)
    const { code, signal, stderr } = await ended(cwd, words, killed < kills ? { DIE_AT_MOMENT: String(at) } : {})
    if (signal === 'SIGKILL') {
      killed++
      isBegun = readdirSync(join(cwd, 'runs')).includes('broken')
      continue
    }
    expect(stderr).not.toMatch(/^ {4}at /m)
    if (code === 0) {
      expect(outcome(cwd, 'broken'), `round ${round}`).toEqual(whole)
      exact++
    } else {
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^ddnet: .*(there is no checkpoint runs\/broken|runs\/broken is not a run)/m),
      ])
      refused++
    }
    rmSync(join(cwd, 'runs/broken'), { recursive: true })
    isBegun = false
  }
  return { kills: killed, refused, exact }
}

function outcome(cwd: string, name: string) {
  const at = (path: string) => readFileSync(join(cwd, 'runs', name, path))
  return {
    weights: at('checkpoints/last/model.safetensors').toString('base64'),
    optimizer: at('checkpoints/last/optimizer.safetensors').toString('base64'),
    log: at('metrics.jsonl')
      .toString()
      .replaceAll(/"seconds":[\d.e-]+/g, ''),
    best: JSON.parse(at('checkpoints/index.json').toString()).best,
  }
}

async function ended(cwd: string, words: readonly string[], counting: Readonly<Record<string, string>>) {
  const own = Object.entries(process.env).filter(([name]) => !leftOut.test(name))
  const env = { ...Object.fromEntries(own), ...counting }
  const child = spawn(process.execPath, ['--import', dieAt, command, ...words], {
    cwd,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal })),
  )
  return { code, signal, stderr }
}
