import { camelCase, changed, exampleOf, kinds, pascalCase, renamed } from './examples.mjs'

/** What is wrong with what somebody asked for. */
export class NewError extends Error {
  name = 'NewError'
}

/**
 * What `pnpm new KIND NAME` writes.
 *
 * @param {{ read(path: string): string | undefined }} files what is there; nothing for a file that is not
 * @returns {{ path: string, text: string, isNew: boolean }[]}
 * @throws {NewError} for another kind, a name that is written otherwise, or one that is taken
 */
export function layoutOf(kind, place, { read }) {
  const example = Object.hasOwn(kinds, kind ?? '') ? kinds[kind] : undefined
  if (example === undefined) {
    throw new NewError(
      `expected one of ${Object.keys(kinds).join(', ')}, got ${kind ?? 'nothing'}. Try: pnpm new layer my-layer`,
    )
  }
  const [name, folder, ...rest] = (place ?? '').split('/').reverse()
  const isWord = (word) => /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(word)
  if (!isWord(name) || rest.length > 0 || (folder !== undefined && !(kind === 'op' && isWord(folder)))) {
    const asKebab = name
      .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
      .replaceAll('_', '-')
      .toLowerCase()
    const better = isWord(asKebab) ? asKebab : `my-${kind}`
    throw new NewError(
      `expected a name in lower case with dashes${kind === 'op' ? ', or FOLDER/NAME' : ''}, got ${place === undefined ? 'nothing' : `'${place}'`}. Try: pnpm new ${kind} ${better}`,
    )
  }
  const { files, changes } = exampleOf(example.section)
  const own = (text) => renamed(text, example.name, name)
  const placed = (text) => own(folder === undefined ? text : text.replaceAll('activation/', `${folder}/`))
  const taken = (where) => new NewError(`the name ${name} is taken: ${where}. Take another one.`)
  const result = files.map(({ path, text }) => {
    if (read(placed(path)) !== undefined) throw taken(placed(path))
    return { path: placed(path), text: own(text), isNew: true }
  })
  for (const { path, lines } of changes) {
    const text = read(path)
    const word = new RegExp(`\\b(${camelCase(name)}|${pascalCase(name)})\\b`)
    const other = text?.split('\n').find((line) => /^(export|import) |^ {2}(type )?\w+,$/.test(line) && word.test(line))
    if (other !== undefined) throw taken(`${path} has '${other.trim()}'`)
    result.push({ path, text: changed(text, lines.map(placed), path), isNew: false })
  }
  return result
}
