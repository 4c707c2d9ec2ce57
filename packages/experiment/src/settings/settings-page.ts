import { itemAt } from '@ddnet/ops/checks'
import { type Preset, presets } from './presets.ts'
import type { Choice, Setting, SettingCatalog } from './setting-catalog.ts'

/** docs/settings.md: every setting, from the schema that checks them. */
export function settingsPage({ byPath, choices, registry }: SettingCatalog): string {
  const rows = [...byPath.values()].map((setting) => {
    const [group = '', key] = setting.path.split('.')
    const owners = key === undefined ? undefined : choices.get(group)
    const only = owners?.names.filter((name) => owners.settings[name]?.some(({ path }) => path === setting.path)) ?? []
    const scope = only.length > 0 && only.length < (owners?.names.length ?? 0) ? `; of ${only.join(', ')} only` : ''
    return [`\`${setting.path}\``, `${setting.about}${scope}`, setting.expects, defaultsOf(setting, owners)]
  })
  const all: [string, Preset][] = Object.entries(presets)
  const names = all.map(([name]) => name)
  const paths = [...new Set(all.flatMap(([, preset]) => Object.keys(preset)))]
  const presetRows = paths.map((path) => [
    `\`${path}\``,
    ...all.map(([, preset]) => (path in preset ? code(preset[path]) : '')),
  ])
  const recipes = registry.flatMap((each): [string, Preset][] =>
    each.kind === 'model' && each.recipe !== undefined ? [[each.name, each.recipe]] : [],
  )
  const recipePaths = [...new Set(recipes.flatMap(([, recipe]) => Object.keys(recipe)))]
  const recipeRows = recipePaths.map((path) => [
    `\`${path}\``,
    ...recipes.map(([, recipe]) => (path in recipe ? code(recipe[path]) : '')),
  ])
  return `# Settings

Everything that decides a training run of the command [\`ddnet\`](../apps/cli). This page is made from the schema that
checks the settings, and so is [\`config.schema.json\`](../apps/cli/config.schema.json), with which editors complete and check files
of settings: \`pnpm vitest run apps/cli/test/settings.test.ts -u\` writes both. \`ddnet config\` prints the settings that \`train\`
would use, and where each comes from.

On the command line a setting is \`optimizer.learningRate=0.001\`, in the environment \`DDNET_OPTIMIZER_LEARNING_RATE=0.001\`, and in a
file for \`--config\` in YAML, TypeScript or JavaScript

\`\`\`yaml
# yaml-language-server: $schema=node_modules/ddnet/config.schema.json
optimizer:
  learningRate: 0.001
\`\`\`

\`\`\`ts
import type { Settings } from 'ddnet'

export default { model: 'ddnet', 'optimizer.learningRate': 0.001 } satisfies Settings
\`\`\`

The command line is stronger than the environment, that than the file, that than the preset. Who names another optimizer, schedule,
model or data set than a file or the preset does takes its own settings and defaults: Adam's rate is none for SGD. So a run of one can
be the base of one of another, \`--config runs/adam/config.yaml optimizer=sgd\`, and what does not count is told.

A model, a task or data of your own is a file that exports its definition by default, and is named by its path, \`model=./my-model.ts\`: its
settings are then set, explained and saved as all others are ([how to write one](../apps/cli#your-own-model-data-or-task)).

${markdownTable([['setting', 'what it is', 'expected', 'default'], ...rows])}
## Presets

What a preset says in place of the defaults. Without \`preset\` it is \`photos\` for a folder of images, \`masks\` for images with masks, \`mnist\` for MNIST and Fashion-MNIST, else \`ddnet\` on a GPU, else \`short\`; there
\`epochs\` takes it to \`ddnet\`, and \`steps\` to \`quick\`. Of data with a preset of their own, \`quick\` and \`short\` change the length alone.

${markdownTable([['setting', ...names.map((name) => `\`${name}\``)], ...presetRows])}
## Models with settings of their own

What counts with a model in place of what the preset says, where nobody gives another value.

${markdownTable([['setting', ...recipes.map(([name]) => `\`model=${name}\``)], ...recipeRows])}`
}

/** The default, and those of other variants of its group where they differ: SGD's learning rate is not Adam's. */
function defaultsOf(setting: Setting, owners: Choice | undefined): string {
  const first = defaultOf(setting)
  const others = (owners?.names ?? []).flatMap((name) => {
    const own = owners?.settings[name]?.find(({ path }) => path === setting.path)
    return own === undefined || defaultOf(own) === first ? [] : [`${name} ${defaultOf(own)}`]
  })
  return [first, ...others].join('; ')
}

function defaultOf({ schema }: Setting): string {
  const { success, data } = schema.safeParse(undefined)
  return success ? code(data) : 'by preset'
}

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

/** A table with columns of one width, as formatters leave it. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = (safe[0] ?? []).map((_, at) => Math.max(...safe.map((row) => itemAt(row, at).length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(itemAt(widths, at))).join(' | ')} |\n`
  const [head = [], ...body] = safe
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('')
}
