import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorMessage } from '@ddnet/ops/checks'
import { UsageError } from '../errors.ts'
import { readConfigText } from './read-text.ts'

const typescript = ['.ts', '.mts']
const javascript = ['.js', '.mjs']

/** Whether this Node reads TypeScript; the types of Node 20 do not know of it. */
export const readsTypescript = 'typescript' in process.features && process.features.typescript !== false

/** Whether a file of settings is a program. */
export const isModule = (path: string): boolean => [...typescript, ...javascript].includes(extname(path))

/**
 * What a module in TypeScript or JavaScript exports by default.
 *
 * Node reads TypeScript itself from 22.18 on. Before, the `typescript` of the file's own project takes the types out: who
 * writes TypeScript has it, and so DDNet need not bring a compiler.
 *
 * @param expected what it is to export, and how that is written, for the message
 * @throws UsageError for a module that does not load, or exports nothing by default
 */
export async function readModule(
  path: string,
  expected: { readonly what: string; readonly as: string },
): Promise<unknown> {
  const text = await readConfigText(path) // for its errors
  const isTypescript = typescript.includes(extname(path))
  const module = isTypescript && !readsTypescript ? await importStripped(path, text) : await load(path, path)
  if (module.default !== undefined) return module.default
  throw new UsageError(`${path} exports no ${expected.what}. Write: ${expected.as}`)
}

interface Module {
  readonly default?: unknown
}

async function load(from: string, path: string): Promise<Module> {
  try {
    // As new each time: a process may read a file that was changed.
    return (await import(/* @vite-ignore */ `${pathToFileURL(from).href}?${randomUUID()}`)) as Module
  } catch (error) {
    throw new UsageError(`${path} cannot be loaded: ${errorMessage(error).split('\n')[0]}. Fix it.`, {
      cause: error,
    })
  }
}

/** Beside the file for a moment, so that what it imports is found from there. */
async function importStripped(path: string, text: string): Promise<Module> {
  const { transpileModule, ScriptTarget, ModuleKind } = ownTypescript(path)
  const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ESNext, verbatimModuleSyntax: true }
  const { outputText } = transpileModule(text, { compilerOptions, fileName: path })
  const stripped = `${path}.${randomUUID()}.mjs`
  try {
    await writeFile(stripped, outputText)
    return await load(stripped, path)
  } finally {
    await rm(stripped, { force: true })
  }
}

function ownTypescript(path: string): typeof import('typescript') {
  try {
    return createRequire(path)('typescript')
  } catch (error) {
    throw new UsageError(
      `${path} is TypeScript, which Node ${process.versions.node} cannot read. Run \`npm install --save-dev typescript\` beside it, take Node 22.18 or later, or write it as an .mjs file or, if it is settings, in YAML.`,
      { cause: error },
    )
  }
}
