/**
 * The first key that occurs twice in one object of valid JSON `text`; undefined if there is none.
 * `JSON.parse` takes the last one without a word.
 */
export function repeatedKey(text: string): string | undefined {
  const objects: Set<string>[] = []
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}]/g)) {
    if (token === '{') objects.push(new Set())
    else if (token === '}') objects.pop()
    else if (token.endsWith(':')) {
      const key: string = JSON.parse(token.slice(0, -1))
      const keys = objects.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return undefined
}
