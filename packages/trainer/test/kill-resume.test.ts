import { test } from 'vitest'
import { folders } from './folder.ts'
import { killAndResume } from './kill/kill-and-resume.ts'

const newFolder = folders()

test('a run that is killed twice and resumed has the bytes of an undisturbed one', async () => {
  await killAndResume(newFolder, { kills: 2, seed: 1 })
})
