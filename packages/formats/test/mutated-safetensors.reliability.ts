import { expect, test } from 'vitest'
import { mutatedSafetensors } from './mutated-safetensors.ts'

// Other files every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test.each(Object.entries(mutatedSafetensors))(
  `20,000 mutated safetensors files, %s (DDNET_SEED=${seed})`,
  async (kind, read) => {
    const { accepted, refused } = await read(20_000, seed)
    process.stdout.write(`safetensors, ${kind}: ${accepted} read, ${refused} refused with a SafetensorsError\n`)
    expect(refused).toBeGreaterThan(10_000)
  },
)
