import { expectCleanPrototypes } from './poison.ts'

/** What may stand where something else is expected, as JSON: also what is nested deeper than a stack. */
const WRONG = [
  'null',
  'true',
  '-1',
  '0.5',
  '1e308',
  '9007199254740993',
  '""',
  '"text"',
  '[]',
  '[null]',
  '{}',
  '{"toString":null,"valueOf":1,"length":-1}',
  `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
]

/**
 * Reads a document of JSON with each of its values in turn replaced by each of those that do not belong there, and without it.
 *
 * @returns how many texts there were, and how many were refused
 * @throws Error at another error than `isExpected` knows, or a prototype that has changed
 */
export async function readWrongJson(
  document: unknown,
  read: (json: string) => unknown,
  isExpected: (error: unknown) => boolean,
): Promise<{ tries: number; refused: number }> {
  let [tries, refused] = [0, 0]
  for (const text of wrongTexts(document)) {
    tries++
    try {
      await read(text)
    } catch (error) {
      if (!isExpected(error)) throw new Error(`${text.slice(0, 1000)}: ${error}`, { cause: error })
      refused++
    }
    expectCleanPrototypes(text.slice(0, 300))
  }
  return { tries, refused }
}

/** The texts of a value: it is another one, or one of its parts is, or is missing. At most three entries of a list differ. */
function* wrongTexts(value: unknown): Generator<string> {
  yield* WRONG
  if (typeof value !== 'object' || value === null) return
  const entries = Object.entries(value)
  const isList = Array.isArray(value)
  const join = (parts: readonly (readonly [string, string])[]): string =>
    isList
      ? `[${parts.map(([, text]) => text).join()}]`
      : `{${parts.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join()}}`
  const honest = entries.map(([key, part]) => [key, JSON.stringify(part)] as const)
  for (const [at, [key, part]] of entries.entries()) {
    if (isList && at >= 3) break
    yield join(honest.toSpliced(at, 1))
    for (const text of wrongTexts(part)) yield join(honest.toSpliced(at, 1, [key, text]))
  }
}
