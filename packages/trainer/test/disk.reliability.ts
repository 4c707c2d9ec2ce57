import { random } from '@ddnet/ops'
import { missingDisk, recordFigures } from '@ddnet/testing'
import { describe, test } from 'vitest'
import { bundled } from './bundle.ts'
import { trainOnFailingDisk, undisturbed } from './disk/failing-disk.ts'
import { folders } from './folder.ts'

const newFolder = folders()
const script = bundled(new URL('./kill/train.ts', import.meta.url))
// Other moments every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

const how = 'the error says so; the last checkpoint is exact; with the disk fixed, so is the end'

const missing = missingDisk()

describe.skipIf(missing !== undefined)(`a disk${missing === undefined ? '' : ` (${missing})`}`, () => {
  test(`that is full, at 20 moments (DDNET_SEED=${seed})`, async () => {
    const whole = await undisturbed(script(), newFolder())
    for (let at = 0; at < 20; at++) {
      // From a first checkpoint to the thirtieth fit in what is left.
      const otherKb = 100 + random.integer(random.key(seed).fold(at), 850)
      await trainOnFailingDisk(script(), newFolder, { failure: 'full', whole, otherKb })
    }
    recordFigures('cases', 'the disk is full', { tries: 20, well: 20, how })
  })

  test('that turns read-only, at 10 moments', async () => {
    const whole = await undisturbed(script(), newFolder())
    for (let at = 0; at < 10; at++) await trainOnFailingDisk(script(), newFolder, { failure: 'readOnly', whole })
    recordFigures('cases', 'the disk turns read-only', { tries: 10, well: 10, how })
  })
})
