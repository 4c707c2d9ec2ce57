import { expect, test } from 'vitest'
import { folders } from './folder.ts'
import { killAndResume } from './kill/kill-and-resume.ts'

const newFolder = folders()
// A new moment every time; DDNET_SEED repeats one.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test(`a run that is killed ten times and resumed has the bytes of an undisturbed one (DDNET_SEED=${seed})`, async () => {
  const { killedInWrite, steps } = await killAndResume(newFolder, { kills: 10, seed })
  process.stdout.write(
    `killed after steps ${steps.join(', ')}; ${killedInWrite} of 10 while a checkpoint was written\n`,
  )
  expect(steps).toHaveLength(10)
}, 600_000)
