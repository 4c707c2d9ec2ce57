import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, flatSettings, resolveConfig, SettingsError, settingCatalog } from '@ddnet/experiment'
import { readPoisoned, tuple } from '@ddnet/testing'
import { entriesOfFile, readArguments, readConfigContent, readEnvironment } from '../src/config/read-entries.ts'
import { UsageError } from '../src/errors.ts'

const settings = settingCatalog(builtIn)
/** In groups, as files may have them. */
function nested(flat: Readonly<Record<string, unknown>>): object {
  const groups: Record<string, unknown> = {}
  for (const [path, value] of Object.entries(flat)) {
    const [group = '', key] = path.split('.')
    const isChosen = Object.keys(flat).some((each) => each.startsWith(`${group}.`))
    if (isChosen) groups[group] = { ...(groups[group] as object | undefined), [key ?? 'name']: value }
    else groups[group] = value
  }
  return groups
}

const isExpected = (error: unknown) => error instanceof SettingsError || error instanceof UsageError

/** All settings as JSON, which YAML is a superset of, with each group poisoned; then paths as words and variables. */
export async function readPoisonedConfig(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ddnet-config-'))
  const path = join(folder, 'config.yaml')
  try {
    const files = await readPoisoned(
      JSON.stringify(nested(flatSettings(resolveConfig([], 'ddnet', settings).config))),
      async (text) => {
        writeFileSync(path, text)
        entriesOfFile(await readConfigContent(path), path, settings)
        throw new Error('it was taken for settings')
      },
      isExpected,
    )
    // The text is that of one object, so that each path comes once.
    const words = await readPoisoned(
      '{}',
      (text) => {
        const [[key, value]] = tuple(Object.entries(JSON.parse(text)), 1)
        const json = JSON.stringify(value)
        for (const word of [
          `${key}=${json}`,
          `${key}.polluted=1`,
          `model.${key}.polluted=1`,
          `${key}.prototype.polluted=1`,
        ]) {
          expectRefusal(() => readArguments([word], settings), word)
        }
        expectRefusal(() => readEnvironment({ [`DDNET_${key}`]: json }, settings), key)
      },
      isExpected,
    )
    return files + words
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function expectRefusal(read: () => unknown, what: string): void {
  try {
    read()
  } catch (error) {
    if (isExpected(error)) return
    throw error
  }
  throw new Error(`${what} was taken for a setting`)
}
