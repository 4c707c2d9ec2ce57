import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtIn, flatSettings, resolveConfig, SettingsError, settingCatalog, toYaml } from '@ddnet/experiment'
import { readMutations } from '@ddnet/testing'
import { entriesOfFile, readConfigContent } from '../src/config/read-entries.ts'
import { UsageError } from '../src/errors.ts'

const settings = settingCatalog(builtIn)

/** All settings as `ddnet config` writes them; the syntax of YAML that people and attackers use; JSON. */
const files = [
  toYaml(flatSettings(resolveConfig([], 'ddnet', settings).config)),
  'model: &model { channels: [8, 16], name: "ddnet" }\noptimizer.learningRate: 1e-3\nbase: *model\n<<: *model\n? steps\n: !!int "7"\n',
  'seed: 0x1F\nname: >-\n  long-name\nmodel:\n  channels:\n    - 8\n    - 16 # two\nepochs: 2\n',
  '{"steps": 7, "model": {"channels": [8, 16]}, "name": "json", "seed": 12, "optimizer": {"learningRate": 0.001}}',
  '{"steps": 7, "model": {"channels": [8, 16]}, "__proto__": {"epochs": 3}, "constructor": {"prototype": {"seed": 1}}}',
].map((text) => new TextEncoder().encode(text))

export const mutatedConfig = {
  'YAML config': async (count: number, seed: number) => {
    const folder = mkdtempSync(join(tmpdir(), 'ddnet-config-'))
    const path = join(folder, 'config.yaml')
    const read = async (file: Uint8Array) => {
      writeFileSync(path, file)
      resolveConfig([entriesOfFile(await readConfigContent(path), path, settings)], 'quick', settings)
    }
    try {
      return await readMutations(files, read, {
        count,
        seed,
        isExpected: (error) => error instanceof SettingsError || error instanceof UsageError,
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}
