import { expect, test } from 'vitest'
import type { MutationsRead } from './mutate.ts'
import { recordFigures } from './record-figures.ts'

/**
 * Declares the test of 20,000 mutated files of each kind for `pnpm reliability`, and records what it found.
 *
 * @param error what a refusal must be
 * @param leastRefused so many of them must be refused: fewer would mean that damage goes unseen
 */
export function testTwentyThousand(
  kinds: Readonly<Record<string, (count: number, seed: number) => Promise<MutationsRead>>>,
  { error, leastRefused }: { error: string; leastRefused: number },
): void {
  // Other files every time; DDNET_SEED repeats some.
  const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)
  test.each(Object.entries(kinds))(`20,000 mutated files: %s (DDNET_SEED=${seed})`, async (kind, read) => {
    const { accepted, refused, maxBytes } = await read(20_000, seed)
    expect(refused).toBeGreaterThan(leastRefused)
    recordFigures('mutated', kind, { files: 20_000, accepted, refused, error, maxBytes, seed })
  })
}
