import { expect, test } from 'vitest'
import { readMutations } from './mutate.ts'

const file = new TextEncoder().encode('{"length": 12, "values": [1, 2, 3]}')
const options = { count: 50, seed: 1, isExpected: (error: unknown) => error instanceof SyntaxError }

test('counts what is read and what is refused, the same for the same seed', async () => {
  const read = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes))
  const { accepted, refused } = await readMutations([file], read, options)
  expect(accepted + refused).toBe(50)
  expect(accepted).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
  expect(await readMutations([file], read, options)).toMatchObject({ accepted, refused })
})

test('fails at another error, and names the mutation', async () => {
  const read = () => {
    throw new TypeError('undefined is not a function')
  }
  await expect(readMutations([file], read, options)).rejects.toThrow('mutation 1 of file 0: TypeError: undefined is')
})

test('fails at memory that the size of the file does not explain, before anybody touched it', async () => {
  const held: Uint8Array[] = []
  const read = () => held.push(new Uint8Array(2 ** 25))
  await expect(readMutations([file], read, options)).rejects.toThrow(/^mutation 1 of file 0 took 33\d+ bytes of memory/)
})
