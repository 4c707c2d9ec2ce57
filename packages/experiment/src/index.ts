export { z } from 'zod'
export { builtIn } from './built-in/registry.ts'
export {
  type AnyDefinition,
  type DataDefinition,
  type DataFacts,
  type DataHost,
  type DataSplits,
  type DefinitionOf,
  defineData,
  defineModel,
  defineOptimizer,
  defineSchedule,
  defineTask,
  type Given,
  type ModelDefinition,
  type NamedSamples,
  type OptimizerDefinition,
  type Registry,
  type ScheduleDefinition,
  type TaskDefinition,
} from './definitions.ts'
export { evaluationBatchSize, stepBytes } from './memory.ts'
export {
  buildModel,
  createModel,
  createOptimizer,
  createSchedule,
  createTask,
  evaluationLoader,
  keysOf,
  type LoadedData,
  learningRateOf,
  loadRunData,
  normalizationOf,
  preparedSample,
  type RunTask,
  trainingLoader,
} from './parts.ts'
export {
  factsOf,
  freeSettings,
  isSameData,
  type RunData,
  type RunRecord,
  readRecord,
  recordOf,
  runDataOf,
  runDataSchema,
  settingsIn,
  type TrainedOn,
} from './run-record.ts'
export { type Chosen, type Config, flatSettings } from './settings/config.ts'
export { checkedEntry, type Entry, entriesOf, findSetting, short, show, similarSetting } from './settings/entries.ts'
export type { GeneralSettings, RequestedBackend } from './settings/general.ts'
export { settingsJsonSchema } from './settings/json-schema.ts'
export type { FlatSettings, Kind, PlaceOf } from './settings/kinds.ts'
export { nearest } from './settings/nearest.ts'
export { type PresetName, presets } from './settings/presets.ts'
export { type Dropped, droppedText, type Resolved, resolveConfig } from './settings/resolve.ts'
export {
  type SavedSettings,
  savedFormats,
  savedSettings,
  settingsFormat,
  withoutFormat,
} from './settings/saved-settings.ts'
export { type SettingInfo, setting } from './settings/setting.ts'
export { definitionOf, type Setting, type SettingCatalog, settingCatalog } from './settings/setting-catalog.ts'
export { SettingsError } from './settings/settings-error.ts'
export { settingsPage } from './settings/settings-page.ts'
export { absentSetting, settingMeantBy } from './settings/synonyms.ts'
export type { Settings } from './settings/typed.ts'
export { stepsPerEpoch, totalSteps } from './step-counts.ts'
