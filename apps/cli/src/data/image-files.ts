import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isJunkName } from '@ddnet/datasets/node'
import type { Io } from '../terminal/io.ts'
import { lookThrough } from './look-through.ts'

type Looking = Pick<Io, 'cwd' | 'stderr' | 'env'>

const imageEndings = /\.(png|jpe?g|jpe|jfif|webp|gif|avif|bmp|dib|tiff?)$/i

/** Whether a word looks like images and not like a run: a file, the end of one, `-` for standard input, a pattern. */
export async function isOfImages(word: string, io: Looking): Promise<boolean> {
  const { cwd } = io
  if (word === '-') return true
  const found = await stat(resolve(cwd, word)).catch(() => undefined)
  if (found === undefined) return imageEndings.test(word) || isPattern(word)
  if (!found.isDirectory()) return true // also a pipe, as of <(curl …)
  const path = resolve(cwd, word)
  return !(await exists(join(path, 'config.yaml'))) && (await imagesBelow(path, word, io)).length > 0
}

/**
 * The image files that words name, in their order: files, folders with all images below them, patterns (`photos/*.jpg`), and `-` for standard
 * input. A word that names nothing stays, so that its reader can say so.
 */
export async function imageFiles(words: readonly string[], io: Looking): Promise<string[]> {
  const found: string[] = []
  for (const word of words) {
    const path = resolve(io.cwd, word)
    const is = word === '-' ? undefined : await stat(path).catch(() => undefined)
    if (is?.isDirectory()) {
      const names = await imagesBelow(path, word, io)
      found.push(...(names.length === 0 ? [word] : names.map((name) => join(word, name))))
    } else if (is === undefined && isPattern(word)) {
      const matching = await matches(word, io)
      found.push(...(matching.length === 0 ? [word] : matching))
    } else found.push(word)
  }
  return found
}

/** Names of all images below a folder, relative to it, in their order. Links are followed, and not in circles. */
const imagesBelow = async (folder: string, name: string, io: Looking): Promise<string[]> =>
  (await lookThrough(folder, name, io, (files) => files.list()))
    .filter((name) => imageEndings.test(name) && !isJunkName(name))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))

const isPattern = (word: string): boolean => /[*?[{]/.test(word)

async function matches(pattern: string, io: Looking): Promise<string[]> {
  const fixed = pattern.slice(0, pattern.search(/[*?[{]/)).replace(/[^/]*$/, '')
  const folder = resolve(io.cwd, fixed)
  if (!(await exists(folder))) return []
  const expression = expressionOf(pattern.slice(fixed.length))
  return (await imagesBelow(folder, pattern, io)).filter((name) => expression.test(name)).map((name) => fixed + name)
}

/** `*` and `?` within a name, `**` over folders, `[abc]` and `{a,b}`, as in a shell. */
function expressionOf(pattern: string): RegExp {
  const parts = pattern.replace(/\*\*\/|\*\*|\*|\?|\[[^\]/]+\]|\{[^}/]*\}|[\s\S]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^').replaceAll('\\', '\\\\')
    if (part.length > 1) return `(?:${part.slice(1, -1).split(',').map(quoted).join('|')})`
    return quoted(part)
  })
  try {
    return new RegExp(`^${parts}$`)
  } catch {
    return /^\b$/ // as `[z-a]`, which matches nothing
  }
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined
