/**
 * What `JSON.parse` does not tell of a text: how deep its objects and lists are nested, and the first key that occurs twice
 * in one object, of which it takes the last one without a word.
 */
export function scanJson(text: string): { depth: number; repeatedKey?: string } {
  const open: (Set<string> | undefined)[] = []
  let depth = 0
  let repeatedKey: string | undefined
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(character === '{' ? new Set() : undefined)
      depth = Math.max(depth, open.length)
    } else if (character === '}' || character === ']') open.pop()
    else if (character === '"') {
      const end = endOfString(text, at)
      const keys = open.at(-1)
      if (keys !== undefined && isKey(text, end + 1)) {
        const key = keyOf(text.slice(at, end + 1))
        if (keys.has(key)) repeatedKey ??= key
        keys.add(key)
      }
      at = end
    }
  }
  return repeatedKey === undefined ? { depth } : { depth, repeatedKey }
}

/** Where the quote stands that ends the string beginning at `begin`, or the text's end. */
function endOfString(text: string, begin: number): number {
  for (let end = begin; ; ) {
    end = text.indexOf('"', end + 1)
    if (end < 0) return text.length
    let slashes = 0
    while (text[end - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return end
  }
}

function isKey(text: string, after: number): boolean {
  let at = after
  while (' \n\r\t'.includes(text[at] ?? '.')) at++
  return text[at] === ':'
}

function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1)
  try {
    return JSON.parse(quoted)
  } catch {
    return quoted // no JSON, which whoever parses the text says
  }
}
