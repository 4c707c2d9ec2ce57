import { expect, test } from 'vitest'
import { mutatedNpy } from './mutated-npy.ts'

// Other files every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test.each(Object.entries(mutatedNpy))(`20,000 mutated %s files (DDNET_SEED=${seed})`, async (kind, read) => {
  const { accepted, refused } = await read(20_000, seed)
  process.stdout.write(`${kind}: ${accepted} read, ${refused} refused with an NpyError\n`)
  expect(refused).toBeGreaterThan(10_000)
})
