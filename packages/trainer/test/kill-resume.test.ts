import { expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { folders } from './folder.ts'
import { killAndResume } from './kill/kill-and-resume.ts'

const newFolder = folders()
const script = bundled(new URL('./kill/train.ts', import.meta.url))

test('a run that is killed twice has, after each and at its end, the bytes of an undisturbed one', async () => {
  expect((await killAndResume(script(), newFolder, { kills: 2, seed: 1 })).steps).toHaveLength(2)
})
