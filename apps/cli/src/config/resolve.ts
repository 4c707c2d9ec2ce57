import { UsageError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { type PresetName, presets } from './presets.ts'
import { type Config, configSchema } from './schema.ts'
import type { Setting, Settings } from './settings.ts'

/** A whole configuration, and for each path who decided it. */
export interface Resolved {
  readonly config: Config
  readonly places: ReadonlyMap<string, string>
}

/**
 * Puts the layers together: the first that has a setting decides it, then the preset, then the default.
 *
 * - `epochs` and `steps` exclude each other, so the first layer that has one of them decides both.
 * - Settings that only another variant of their group has (`model.channels` when `model.name` is `seed`) are an error in a
 *   layer and are left out of a preset.
 *
 * @param layers from the strongest to the weakest
 * @param automatic the preset where no layer names one
 * @throws UsageError for settings that contradict each other
 */
export function resolveConfig(
  layers: readonly (readonly Entry[])[],
  automatic: PresetName,
  settings: Settings,
): Resolved {
  const given = new Map<string, Entry>()
  for (const layer of layers) {
    const here = new Map(layer.map((entry) => [entry.path, entry]))
    excludeDuration(here, given)
    for (const [path, entry] of here) if (!given.has(path)) given.set(path, entry)
  }
  const preset = (given.get('preset')?.value as PresetName | undefined) ?? presetFor(given, automatic)
  const fromPreset = new Map(Object.entries<unknown>({ preset, ...presets[preset] }))
  if (given.has('epochs') || given.has('steps')) for (const path of ['epochs', 'steps']) fromPreset.delete(path)

  const places = new Map<string, string>()
  const values: Record<string, unknown> = {}
  for (const setting of chosenSettings(given, fromPreset, settings)) {
    const { path, schema } = setting
    const entry = given.get(path)
    const [value, place] =
      entry !== undefined
        ? [entry.value, entry.place]
        : fromPreset.has(path)
          ? [fromPreset.get(path), path === 'preset' ? 'automatic' : `preset ${preset}`]
          : [schema.parse(undefined), 'default']
    places.set(path, place)
    setAt(values, path, value)
  }
  const config = configSchema.parse(values)
  checkTogether(config, given)
  return { config, places }
}

/** A folder of images has its own recipe. Who gives the length of a run leaves nothing of an automatic `short`: `epochs` are the full recipe's, `steps` a quick look. */
function presetFor(given: ReadonlyMap<string, Entry>, automatic: PresetName): PresetName {
  if (given.get('data.name')?.value === 'folder') return 'photos'
  if (automatic !== 'short') return automatic
  if (typeof given.get('epochs')?.value === 'number') return 'ddnet'
  return typeof given.get('steps')?.value === 'number' ? 'quick' : 'short'
}

function excludeDuration(here: Map<string, Entry>, stronger: ReadonlyMap<string, Entry>): void {
  // "steps: null" beside "epochs: 10" says nothing.
  for (const path of ['epochs', 'steps']) if (here.get(path)?.value === null) here.delete(path)
  const [epochs, steps] = [here.get('epochs'), here.get('steps')]
  if (epochs !== undefined && steps !== undefined) {
    throw new UsageError(`${epochs.text} and ${steps.text} (${steps.place}) exclude each other. Give one of them.`)
  }
  if (stronger.has('epochs') || stronger.has('steps')) for (const path of ['epochs', 'steps']) here.delete(path)
}

/** The settings that exist under the chosen names. */
function chosenSettings(
  given: ReadonlyMap<string, Entry>,
  fromPreset: ReadonlyMap<string, unknown>,
  { byPath, variants }: Settings,
): Setting[] {
  const chosen: Setting[] = []
  for (const setting of byPath.values()) {
    const [group = '', key] = setting.path.split('.')
    const variant = variants.get(group)
    if (variant === undefined || key === 'name') {
      chosen.push(setting)
      continue
    }
    const name = (given.get(`${group}.name`)?.value ?? fromPreset.get(`${group}.name`)) as string
    const own = variant.settings[name]?.find(({ path }) => path === setting.path)
    if (own !== undefined) {
      chosen.push(own)
      continue
    }
    const entry = given.get(setting.path)
    if (entry !== undefined) {
      const others = variant.names.filter((other) => variant.settings[other]?.some(({ path }) => path === setting.path))
      throw new UsageError(
        `${entry.text} (${entry.place}): ${group} ${name} has no such setting, only ${others.join(' and ')}. Leave it out, or set ${group}.name=${others[0]}`,
      )
    }
  }
  return chosen
}

function setAt(values: Record<string, unknown>, path: string, value: unknown): void {
  const [group = '', key] = path.split('.')
  if (key === undefined) values[group] = value
  else values[group] = { ...(values[group] as object | undefined), [key]: value }
}

function checkTogether({ model, size, data, earlyStopping }: Config, given: ReadonlyMap<string, Entry>): void {
  const placeOf = (...paths: string[]) => paths.map((path) => given.get(path)?.place).find((place) => place) ?? 'preset'
  if (model.name === 'ddnet') {
    const factor = 2 ** model.channels.length
    if (size % factor !== 0) {
      throw new UsageError(
        `size=${size} (${placeOf('size', 'model.channels')}): expected a multiple of ${factor}, because the ${model.channels.length} stages of model.channels each halve it. Try size=${Math.max(1, Math.round(size / factor)) * factor}`,
      )
    }
  }
  if (data.crop >= size) {
    throw new UsageError(
      `data.crop=${data.crop} (${placeOf('data.crop', 'size')}): expected less than size=${size}, for an edge that is reflected. Try data.crop=${Math.floor(size / 8)}`,
    )
  }
  if (data.name === 'folder' && data.directory === null) {
    throw new UsageError(
      `data.name=folder (${placeOf('data.name', 'preset')}) needs the folder of the images. Try folder=./photos, where each class has a folder of its own`,
    )
  }
  const { patience, score, minChange } = earlyStopping
  if (patience === null && (score !== 'accuracy' || minChange !== 0)) {
    const path = score !== 'accuracy' ? 'earlyStopping.score' : 'earlyStopping.minChange'
    throw new UsageError(
      `${given.get(path)?.text} (${placeOf(path)}) does nothing without earlyStopping.patience. Try earlyStopping.patience=5`,
    )
  }
}
