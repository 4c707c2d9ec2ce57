import { expect, test } from 'vitest'
import { mutatedFiles } from './mutated-files.ts'

// Other files every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test.each(mutatedFiles)(`20,000 mutated files: %s (DDNET_SEED=${seed})`, async (kind, read) => {
  const { accepted, refused } = await read(20_000, seed)
  process.stdout.write(`${kind}: ${accepted} read, ${refused} refused with a DatasetError\n`)
  expect(refused).toBeGreaterThan(2_000)
})
