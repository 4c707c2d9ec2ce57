const POISONS = [
  '"__proto__":{"polluted":true}',
  '"constructor":{"prototype":{"polluted":true}}',
  '"prototype":{"polluted":true}',
  '"toString":{"polluted":true}',
]

/** A text of JSON with each of its objects poisoned in turn: with keys that reach prototypes where objects are merged. */
export function poisoned(json: string): string[] {
  const texts: string[] = []
  let inString = false
  for (let at = 0; at < json.length; at++) {
    if (json[at] === '\\') at++
    else if (json[at] === '"') inString = !inString
    else if (json[at] === '{' && !inString) {
      const rest = json.slice(at + 1)
      const comma = /^\s*\}/.test(rest) ? '' : ','
      for (const poison of POISONS) texts.push(`${json.slice(0, at + 1)}${poison}${comma}${rest}`)
    }
  }
  return texts
}

/** @throws Error if an object that nobody touched has a property: somebody wrote to `Object.prototype` */
export function expectCleanPrototypes(place: string): void {
  const strangers = [Object.prototype, Array.prototype, Function.prototype].flatMap((prototype) =>
    Object.keys(prototype),
  )
  if (strangers.length === 0 && typeof Object.prototype.toString === 'function') return
  throw new Error(`${place} changed a prototype: ${strangers}`)
}

/**
 * Reads an honest text of JSON with each of its objects poisoned in turn.
 *
 * @returns how many texts there were
 * @throws Error at another error than `isExpected` knows, or a prototype that has changed
 */
export async function readPoisoned(
  json: string,
  read: (json: string) => unknown,
  isExpected: (error: unknown) => boolean,
): Promise<number> {
  const texts = poisoned(json)
  for (const text of texts) {
    try {
      await read(text)
    } catch (error) {
      if (!isExpected(error)) throw new Error(`${text.slice(0, 300)}: ${error}`, { cause: error })
    }
    expectCleanPrototypes(text.slice(0, 300))
  }
  return texts.length
}
