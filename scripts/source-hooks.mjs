// Node's hooks for modules: TypeScript without its types, and the packages of this workspace from their sources. What was
// compiled once is kept by its content in .cache/sources, so that a process starts nearly as fast as the built one.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const cache = new URL('../.cache/sources/', import.meta.url)
const isSource = (url) => url.startsWith('file:') && url.endsWith('.ts') && !url.includes('/node_modules/')

export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: ['@ddnet/source', ...context.conditions] })

export async function load(url, context, next) {
  if (!isSource(url)) return next(url, context)
  return { format: 'module', shortCircuit: true, source: await compiled(url) }
}

async function compiled(url) {
  const code = await readFile(new URL(url), 'utf8')
  const path = fileURLToPath(url)
  const kept = new URL(`${createHash('sha256').update(`${path}\n${code}`).digest('hex')}.mjs`, cache)
  try {
    return await readFile(kept, 'utf8')
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
  const { default: ts } = await import('typescript')
  const { outputText } = ts.transpileModule(code, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      inlineSourceMap: true,
    },
  })
  // Renamed into place: several processes may start at once.
  await mkdir(cache, { recursive: true })
  const beside = new URL(`${randomUUID()}.tmp`, cache)
  await writeFile(beside, outputText)
  await rename(beside, kept)
  return outputText
}
