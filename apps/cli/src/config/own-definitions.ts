import { resolve } from 'node:path'
import { type AnyDefinition, builtIn, type Kind, type SettingCatalog, settingCatalog } from '@ddnet/experiment'
import { UsageError } from '../errors.ts'
import { atHome } from './home.ts'
import { isModule, readModule } from './read-module.ts'

/** The parts of an experiment that a file of one's own may define. */
const ownKinds = ['task', 'data', 'model'] as const satisfies readonly Kind[]
type OwnKind = (typeof ownKinds)[number]

/** Files that define a task, data or a model, by their paths as settings name them. */
export type OwnFiles = { readonly [K in OwnKind]?: readonly string[] }

/**
 * All settings: those of what comes with DDNet, and of the definitions in files of the user's own, each of which is named by its path.
 *
 * @throws UsageError for a file that cannot be read or defines something else
 */
export async function catalogWith(files: OwnFiles, cwd: string): Promise<SettingCatalog> {
  const own = ownKinds.flatMap((kind) => [...new Set(files[kind] ?? [])].map((path) => readDefinition(kind, path, cwd)))
  return settingCatalog([...builtIn, ...(await Promise.all(own))])
}

/** The paths among the values that settings have for what is chosen by name. */
export const ownFilesOf = (values: (kind: OwnKind) => readonly unknown[]): OwnFiles =>
  Object.fromEntries(ownKinds.map((kind) => [kind, values(kind).filter(isOwnFile)]))

/** All settings for a run that was saved. @param contents its settings as they are written, wherever they are */
export const catalogOfRun = (contents: readonly unknown[], cwd: string): Promise<SettingCatalog> =>
  catalogWith(
    ownFilesOf((kind) => contents.flatMap((content) => chosenIn(content, kind))),
    cwd,
  )

/** What settings, flat or nested, choose of a kind. */
export function chosenIn(content: unknown, kind: OwnKind): unknown[] {
  if (typeof content !== 'object' || content === null) return []
  const chosen = (content as Readonly<Record<string, unknown>>)[kind]
  return typeof chosen === 'object' && chosen !== null && 'name' in chosen ? [chosen.name] : [chosen]
}

const isOwnFile = (value: unknown): value is string =>
  typeof value === 'string' && (isModule(value) || /^(~|\.{0,2})[/\\]/.test(value))

const kindOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined

async function readDefinition(kind: OwnKind, path: string, cwd: string): Promise<AnyDefinition> {
  const define = `define${kind[0]?.toUpperCase()}${kind.slice(1)}`
  const as = `export default ${define}({ name: '…', options: z.strictObject({}), … }), with ${define} and z of 'ddnet'`
  if (!isModule(path)) {
    throw new UsageError(
      `${kind}=${path}: expected a file that ends with .ts, .mts, .js or .mjs, and defines the ${kind}.`,
    )
  }
  const found = await readModule(resolve(cwd, atHome(path)), { what: kind, as })
  if (kindOf(found) !== kind) {
    const other = kindOf(found)
    throw new UsageError(
      `${path} exports ${typeof other === 'string' ? `a definition of kind '${other}'` : 'something else than a definition'}: expected a ${kind}. Write: ${as}`,
    )
  }
  // It is named by its path, so that a saved run finds it again.
  const definition = found as AnyDefinition // it says so
  return { ...definition, ownName: definition.name, name: path }
}
