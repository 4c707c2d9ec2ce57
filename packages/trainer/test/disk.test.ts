import { missingDisk } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { bundled } from './bundle.ts'
import { trainOnFailingDisk, undisturbed } from './disk/failing-disk.ts'
import { folders } from './folder.ts'

const newFolder = folders()
const script = bundled(new URL('./kill/train.ts', import.meta.url))

const missing = missingDisk()

describe.skipIf(missing !== undefined)(`a disk${missing === undefined ? '' : ` (${missing})`}`, () => {
  test('that is full or cannot be written to stops the run with that reason; fixed, it goes on exactly', async () => {
    const whole = await undisturbed(script(), newFolder())
    expect(await trainOnFailingDisk(script(), newFolder, { failure: 'full', whole, otherKb: 700 })).toBeGreaterThan(1)
    expect(await trainOnFailingDisk(script(), newFolder, { failure: 'readOnly', whole })).toBeGreaterThan(0)
  })
})
