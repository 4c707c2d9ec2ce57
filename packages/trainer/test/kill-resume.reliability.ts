import { recordFigures } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { killAndResume } from './kill/kill-and-resume.ts'

const newFolder = folders()
// New moments every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)
const kills = Number(process.env['DDNET_KILLS'] ?? 200)
const script = bundled(new URL('./kill/train.ts', import.meta.url))

test(`a run that is killed ${kills} times has, after each and at its end, the bytes of an undisturbed one (DDNET_SEED=${seed})`, async () => {
  const { steps, inWrite, maxStepsAgain } = await killAndResume(script(), newFolder, { kills, seed })
  expect(steps).toHaveLength(kills)
  // Every second kill waits for a writing to begin; some come too late for it.
  expect(inWrite).toBeGreaterThan(kills / 8)
  expect(inWrite).toBeLessThan(kills)
  recordFigures('killed', 'training', { kills, inWrite, exact: kills, maxStepsAgain, seed })
})
