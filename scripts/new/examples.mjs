// The examples of CONTRIBUTING.md, which `pnpm new` writes under another name.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../pnpm.mjs'

/** The kinds of `pnpm new`, each with its section and the name that stands there. */
export const kinds = {
  layer: { section: 'A layer', name: 'layer-scale' },
  model: { section: 'A model', name: 'perceptron' },
  task: { section: 'A task', name: 'regression' },
  data: { section: 'A data source', name: 'csv-images' },
  optimizer: { section: 'An optimizer', name: 'signum' },
  loss: { section: 'A loss', name: 'log-cosh' },
  metric: { section: 'A metric', name: 'largest-error' },
  op: { section: 'An operator', name: 'squareplus' },
}

/**
 * The files of a section, and its changes of others: code blocks whose first line names a path.
 *
 * @returns {{ files: { path: string, text: string }[], changes: { path: string, lines: string[] }[] }}
 */
export function exampleOf(section, page = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')) {
  const [, text] = page.split(new RegExp(`^### ${section}$`, 'm'))
  if (text === undefined) throw new Error(`CONTRIBUTING.md has no section '${section}'.`)
  const blocks = [...text.split(/^#{2,3} /m)[0].matchAll(/^```(ts|py|diff)\n(?:\/\/|#) (\S+)\n([\s\S]*?)^```$/gm)]
  const of = (isChange) => blocks.filter(([, language]) => (language === 'diff') === isChange)
  return {
    files: of(false).map(([, , path, text]) => ({ path, text })),
    changes: of(true).map(([, , path, text]) => ({ path, lines: text.trimEnd().split('\n') })),
  }
}

/** A text or path of an example under another name: of files with dashes, of Python's with underscores, and in code as its case is. */
export const renamed = (text, from, to) =>
  text.replace(new RegExp(`/${from}(?=\\.)|make_${from}|${camelCase(from)}|${pascalCase(from)}`, 'g'), (found) => {
    if (found.startsWith('/')) return `/${to}`
    if (found.startsWith('make_')) return `make_${to.replaceAll('-', '_')}`
    return found === camelCase(from) ? camelCase(to) : pascalCase(to)
  })

export const camelCase = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase())
export const pascalCase = (name) => camelCase(name).replace(/^./, (letter) => letter.toUpperCase())

/** A text with the added lines: each run of them behind the line that stands before it in the change, or at the top. */
export function changed(text, lines, path) {
  const result = text.split('\n')
  let at = 0
  for (const line of lines) {
    if (line.startsWith('+')) result.splice(at++, 0, line.slice(1))
    else {
      at = result.indexOf(line.slice(1)) + 1
      if (at === 0) throw new Error(`${path} has no line '${line.slice(1)}'; CONTRIBUTING.md says so.`)
    }
  }
  return result.join('\n')
}
