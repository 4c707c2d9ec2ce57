import type { DefinitionOf } from '../definitions.ts'
import { type Config, configOf, flatSettings } from './config.ts'
import type { Entry } from './entries.ts'
import { kinds, type PlaceOf } from './kinds.ts'
import { nearest } from './nearest.ts'
import { lengths, type PresetName, presets } from './presets.ts'
import { definitionOf, type Setting, type SettingCatalog } from './setting-catalog.ts'
import { SettingsError } from './settings-error.ts'

/** A whole configuration, and for each path who decided it. */
export interface Resolved {
  readonly config: Config
  readonly places: ReadonlyMap<string, string>
  readonly dropped: readonly Dropped[]
}

/** Settings that were made for another choice than the one that a stronger layer made. */
export interface Dropped {
  /** `optimizer`, and the names: `adam` and `sgd`. */
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
 * - Settings that only another choice has (`model.channels` when `model` is `article`) are an error in the layer that makes the choice
 *   and in stronger ones.
 * - Behind everybody's settings and before the preset's are those of the chosen model's `recipe`.
 * - Where a stronger layer chooses something else than a weaker one or the preset, none of the weaker one's settings of that
 *   choice count, for they were made for another: Adam's learning rate is none for SGD. `dropped` tells of them.
 *
 * @param layers from the strongest to the weakest
 * @param automatic the preset where no layer names one
 * @throws SettingsError for settings that contradict each other
 */
export function resolveConfig(
  layers: readonly (readonly Entry[])[],
  automatic: PresetName,
  catalog: SettingCatalog,
): Resolved {
  const given = new Map<string, Entry>()
  const dropped: Dropped[] = []
  for (const layer of layers) {
    const here = new Map(layer.map((entry) => [entry.path, entry]))
    excludeDuration(here, given)
    dropped.push(...dropOtherChoices(here, given, catalog))
    for (const [path, entry] of here) if (!given.has(path)) given.set(path, entry)
  }
  const preset = (given.get('preset')?.value as PresetName | undefined) ?? presetFor(given, automatic, catalog)
  const length = lengths[preset]
  const recipe = (length && presetOfData(given, catalog)) ?? preset
  const { epochs: _, steps: __, ...rest } = presets[recipe]
  const fromPreset = new Map(
    Object.entries<unknown>({ preset, ...(length ? { ...rest, ...length } : presets[preset]) }),
  )
  const placeInPreset = (path: string) => `preset ${length && path in length ? preset : recipe}`
  if (given.has('epochs') || given.has('steps')) for (const path of ['epochs', 'steps']) fromPreset.delete(path)
  for (const each of dropOfPreset(fromPreset, given, `preset ${recipe}`, catalog)) {
    if (!dropped.some(({ group }) => group === each.group)) dropped.push(each) // told already
  }
  const ofModel = addRecipe(fromPreset, given, catalog)

  const places = new Map<string, string>()
  const values = new Map<string, unknown>()
  for (const setting of chosenSettings(given, fromPreset, catalog)) {
    const { path, schema } = setting
    const entry = given.get(path)
    const [value, place] =
      entry !== undefined
        ? [valueFor(setting, entry, values), entry.place]
        : fromPreset.has(path)
          ? [fromPreset.get(path), path === 'preset' ? 'automatic' : (ofModel.get(path) ?? placeInPreset(path))]
          : [defaultFor(setting, values, schema), 'default']
    places.set(path, place)
    values.set(path, value)
  }
  const config = configOf(values, (kind, name) => definitionOf(catalog.registry, kind, name))
  checkTogether(config, given, catalog)
  return { config, places, dropped }
}

/** A value may be right for another choice alone. */
function valueFor(
  { path, schema, expects, example }: Setting,
  entry: Entry,
  values: ReadonlyMap<string, unknown>,
): unknown {
  const { success, data } = schema.safeParse(entry.value)
  if (success) return data
  const group = path.slice(0, path.indexOf('.'))
  throw new SettingsError(
    `${entry.text} (${entry.place}): expected ${expects} for the ${group} ${values.get(group)}. Try ${path}=${example}`,
  )
}

function defaultFor(
  { path, example }: Setting,
  values: ReadonlyMap<string, unknown>,
  schema: Setting['schema'],
): unknown {
  const { success, data } = schema.safeParse(undefined)
  if (success) return data
  const group = path.slice(0, path.indexOf('.'))
  throw new SettingsError(`${path} is missing, which the ${group} ${values.get(group)} needs. Try ${path}=${example}`)
}

/** Data may have a recipe of their own. Who gives the length of a run leaves nothing of an automatic `short`: `epochs` are the full recipe's, `steps` a quick look. */
function presetFor(given: ReadonlyMap<string, Entry>, automatic: PresetName, catalog: SettingCatalog): PresetName {
  const ofData = presetOfData(given, catalog)
  if (ofData !== undefined) return ofData
  if (automatic !== 'short') return automatic
  if (typeof given.get('epochs')?.value === 'number') return 'ddnet'
  return typeof given.get('steps')?.value === 'number' ? 'quick' : 'short'
}

function presetOfData(given: ReadonlyMap<string, Entry>, { registry }: SettingCatalog): PresetName | undefined {
  const data = registry.find(({ kind, name }) => kind === 'data' && name === given.get('data')?.value)
  return data?.kind === 'data' ? data.preset : undefined
}

function excludeDuration(here: Map<string, Entry>, stronger: ReadonlyMap<string, Entry>): void {
  // "steps: null" beside "epochs: 10" says nothing.
  for (const path of ['epochs', 'steps']) if (here.get(path)?.value === null) here.delete(path)
  const [epochs, steps] = [here.get('epochs'), here.get('steps')]
  if (epochs !== undefined && steps !== undefined) {
    throw new SettingsError(`${epochs.text} and ${steps.text} (${steps.place}) exclude each other. Give one of them.`)
  }
  if (stronger.has('epochs') || stronger.has('steps')) for (const path of ['epochs', 'steps']) here.delete(path)
}

/** Takes out of a layer what it has for choices that a stronger layer did not make. */
function dropOtherChoices(
  here: Map<string, Entry>,
  stronger: ReadonlyMap<string, Entry>,
  { choices }: SettingCatalog,
): Dropped[] {
  return [...choices].flatMap(([group, { settings }]): Dropped[] => {
    const to = stronger.get(group)?.value as string | undefined
    if (to === undefined) return []
    const from = here.get(group)?.value as string | undefined
    if (from === to) return []
    const own = [...here.values()].filter(({ path }) => path.startsWith(`${group}.`))
    // A layer that makes no choice may mean any.
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
  { choices }: SettingCatalog,
): Dropped[] {
  return [...choices.keys()].flatMap((group): Dropped[] => {
    const [from, to] = [fromPreset.get(group), given.get(group)?.value] as (string | undefined)[]
    if (from === undefined || to === undefined || from === to) return []
    const paths = [...fromPreset.keys()].filter((path) => path.startsWith(`${group}.`))
    for (const path of paths) fromPreset.delete(path)
    // What the user set anyway is not missed.
    const keys = paths.filter((path) => !given.has(path)).map((path) => path.slice(group.length + 1))
    return keys.length === 0 ? [] : [{ group, from, to, place, keys }]
  })
}

/**
 * Puts what the model's definition says of a run in the place of what the preset does.
 *
 * @returns the paths, with who decided them
 */
function addRecipe(
  fromPreset: Map<string, unknown>,
  given: ReadonlyMap<string, Entry>,
  { registry, choices }: SettingCatalog,
): ReadonlyMap<string, string> {
  const name = given.get('model')?.value ?? fromPreset.get('model')
  const model = registry.find((each): each is DefinitionOf<'model'> => each.kind === 'model' && each.name === name)
  const recipe = Object.entries(model?.recipe ?? {})
  const isAnother = (group: string, choice: unknown) => given.has(group) && given.get(group)?.value !== choice
  for (const [group, choice] of recipe) {
    if (!choices.has(group) || isAnother(group, choice) || fromPreset.get(group) === choice) continue
    for (const path of [...fromPreset.keys()]) if (path.startsWith(`${group}.`)) fromPreset.delete(path)
  }
  const decided = new Map<string, string>()
  for (const [path, value] of recipe) {
    const [group = ''] = path.split('.')
    const choice = model?.recipe?.[group]
    if (choice !== undefined && isAnother(group, choice)) continue
    fromPreset.set(path, value)
    decided.set(path, `model ${name}`)
  }
  return decided
}

/** The settings that exist under what is chosen. */
function chosenSettings(
  given: ReadonlyMap<string, Entry>,
  fromPreset: ReadonlyMap<string, unknown>,
  { byPath, choices }: SettingCatalog,
): Setting[] {
  const chosen: Setting[] = []
  for (const setting of byPath.values()) {
    const [group = '', key] = setting.path.split('.')
    const choice = choices.get(group)
    if (choice === undefined || key === undefined) {
      chosen.push(setting)
      continue
    }
    const name = (given.get(group)?.value ?? fromPreset.get(group)) as string
    const own = choice.settings[name]?.find(({ path }) => path === setting.path)
    if (own !== undefined) {
      chosen.push(own)
      continue
    }
    const entry = given.get(setting.path)
    if (entry !== undefined) {
      const others = choice.names.filter((other) => choice.settings[other]?.some(({ path }) => path === setting.path))
      throw new SettingsError(
        `${entry.text} (${entry.place}): ${group} ${name} has no such setting, only ${listed(others)}. Leave it out, or set ${group}=${others[0]}`,
      )
    }
  }
  return chosen
}

/** What no single setting says: whether they go together. */
function checkTogether(config: Config, given: ReadonlyMap<string, Entry>, catalog: SettingCatalog): void {
  const { registry } = catalog
  const placeOf: PlaceOf = (...paths) => paths.map((path) => given.get(path)?.place).find((place) => place) ?? 'preset'
  const settings = flatSettings(config)
  for (const kind of kinds) {
    const { definition, options } = config[kind]
    definition.check?.(options as never, settings, placeOf) // what its own schema made
  }
  const { task, model } = config
  if (!model.definition.tasks.includes(task.definition.ownName ?? task.definition.name)) {
    const { tasks } = model.definition
    const known = registry.find(({ kind, name }) => kind === 'task' && tasks.includes(name))
    throw new SettingsError(
      `model=${model.name} (${placeOf('model', 'task')}) is not for task=${task.name}, only for ${tasks.join(', ')}. ` +
        `Try task=${known?.name ?? `./${tasks[0]}.ts, the file that defines it`}`,
    )
  }
  const { patience, minDelta } = config.earlyStopping
  if (patience === null && minDelta !== 0) {
    const path = 'earlyStopping.minDelta'
    throw new SettingsError(
      `${given.get(path)?.text} (${placeOf(path)}) does nothing without earlyStopping.patience. Try earlyStopping.patience=5`,
    )
  }
  if (config.weights === null && config.weightsExcept !== null) {
    throw new SettingsError(
      `${given.get('weightsExcept')?.text} (${placeOf('weightsExcept')}) does nothing without weights. Try weights=resnet18.safetensors`,
    )
  }
  if (config.keepZeros && config.weights === null) {
    throw new SettingsError(
      `${given.get('keepZeros')?.text} (${placeOf('keepZeros')}) does nothing without weights, of which some are 0. Try weights=runs/NAME-pruned`,
    )
  }
  for (const path of ['distillation.temperature', 'distillation.weight']) {
    if (config.teacher !== null || !given.has(path) || isDefault(path, given, catalog)) continue
    throw new SettingsError(
      `${given.get(path)?.text} (${placeOf(path)}) does nothing without a teacher. Try teacher=runs/large`,
    )
  }
  if (config.frozenNorms === 'keep' && config.freeze === null && config.headFirst === 0) {
    throw new SettingsError(
      `${given.get('frozenNorms')?.text} (${placeOf('frozenNorms')}) does nothing where nothing is frozen. Try freeze=NAMES or headFirst=1`,
    )
  }
  if (config.headFirst > 0 && model.definition.head === undefined) {
    throw new SettingsError(
      `headFirst=${config.headFirst} (${placeOf('headFirst', 'model')}): the definition of ${model.name} does not say what its head is. Write head: 'NAME' into it`,
    )
  }
  if (config.epochs !== null && config.headFirst >= config.epochs) {
    throw new SettingsError(
      `headFirst=${config.headFirst} (${placeOf('headFirst', 'epochs')}): expected fewer than the ${config.epochs} epochs of the run, after which the rest is trained, too. To train the head alone, name the rest: freeze='layer1.*'`,
    )
  }
  const { metrics } = task.definition
  if (config.monitor !== null && !['loss', ...metrics].includes(config.monitor)) {
    const all = ['loss', ...metrics]
    throw new SettingsError(
      `monitor=${config.monitor} (${placeOf('monitor')}): expected one of ${all.join(', ')}, which are what ${task.name} measures. Try monitor=${nearest(config.monitor, all) ?? 'loss'}`,
    )
  }
}

/** `sgd, rmsProp and muon` */
const listed = (names: readonly string[]): string =>
  [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ')

/** Whether somebody says what is the case anyway, as a saved run says all. */
const isDefault = (path: string, given: ReadonlyMap<string, Entry>, { byPath }: SettingCatalog): boolean =>
  byPath.get(path)?.schema.safeParse(undefined).data === given.get(path)?.value
