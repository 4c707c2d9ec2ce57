import { UsageError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { type PresetName, presets } from './presets.ts'
import { type Config, configSchema } from './schema.ts'
import type { Setting, Settings } from './settings.ts'

/** A whole configuration, and for each path who decided it. */
export interface Resolved {
  readonly config: Config
  readonly places: ReadonlyMap<string, string>
  readonly dropped: readonly Dropped[]
}

/** Settings that were made for another variant of their group than the one that a stronger layer chose. */
export interface Dropped {
  /** `optimizer`, and the names of the variants: `adam` and `sgd`. */
  readonly group: string
  readonly from: string
  readonly to: string
  readonly place: string
  /** Without the group: `learningRate`, `beta1`. */
  readonly keys: readonly string[]
}

/** Dropped settings in words. */
export const droppedText = ({ group, from, to, place, keys }: Dropped): string =>
  `${place} has ${keys.map((key) => `${group}.${key}`).join(', ')} for ${from}: ${to} takes its own defaults.`

/**
 * Puts the layers together: the first that has a setting decides it, then the preset, then the default.
 *
 * - `epochs` and `steps` exclude each other, so the first layer that has one of them decides both.
 * - Settings that only another variant of their group has (`model.channels` when `model.name` is `seed`) are an error in the
 *   layer that names the variant and in stronger ones.
 * - Where a stronger layer names another variant than a weaker one or the preset, none of the weaker one's settings of that
 *   group count, for they were made for another: Adam's learning rate is none for SGD. `dropped` tells of them.
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
  const dropped: Dropped[] = []
  for (const layer of layers) {
    const here = new Map(layer.map((entry) => [entry.path, entry]))
    excludeDuration(here, given)
    dropped.push(...dropOtherVariants(here, given, settings))
    for (const [path, entry] of here) if (!given.has(path)) given.set(path, entry)
  }
  const preset = (given.get('preset')?.value as PresetName | undefined) ?? presetFor(given, automatic)
  const fromPreset = new Map(Object.entries<unknown>({ preset, ...presets[preset] }))
  if (given.has('epochs') || given.has('steps')) for (const path of ['epochs', 'steps']) fromPreset.delete(path)
  for (const each of dropOfPreset(fromPreset, given, `preset ${preset}`, settings)) {
    if (!dropped.some(({ group }) => group === each.group)) dropped.push(each) // told already
  }

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
  return { config, places, dropped }
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

/** Takes out of a layer what it has for variants that a stronger layer did not choose. */
function dropOtherVariants(
  here: Map<string, Entry>,
  stronger: ReadonlyMap<string, Entry>,
  { variants }: Settings,
): Dropped[] {
  return [...variants].flatMap(([group, { settings }]): Dropped[] => {
    const to = stronger.get(`${group}.name`)?.value as string | undefined
    if (to === undefined) return []
    const from = here.get(`${group}.name`)?.value as string | undefined
    if (from === to) return []
    const own = [...here.values()].filter(({ path }) => path.startsWith(`${group}.`) && path !== `${group}.name`)
    // A layer that names no variant may mean any.
    const others =
      from === undefined ? own.filter(({ path }) => !settings[to]?.some((each) => each.path === path)) : own
    for (const { path } of others) here.delete(path)
    const place = others[0]?.place
    if (place === undefined) return []
    const keys = others.map(({ path }) => path.slice(group.length + 1))
    return [{ group, from: from ?? 'others', to, place, keys }]
  })
}

/** The same of a preset. */
function dropOfPreset(
  fromPreset: Map<string, unknown>,
  given: ReadonlyMap<string, Entry>,
  place: string,
  { variants }: Settings,
): Dropped[] {
  return [...variants.keys()].flatMap((group): Dropped[] => {
    const [from, to] = [fromPreset.get(`${group}.name`), given.get(`${group}.name`)?.value] as (string | undefined)[]
    if (from === undefined || to === undefined || from === to) return []
    const paths = [...fromPreset.keys()].filter((path) => path.startsWith(`${group}.`) && path !== `${group}.name`)
    for (const path of paths) fromPreset.delete(path)
    // What the user set anyway is not missed.
    const keys = paths.filter((path) => !given.has(path)).map((path) => path.slice(group.length + 1))
    return keys.length === 0 ? [] : [{ group, from, to, place, keys }]
  })
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
