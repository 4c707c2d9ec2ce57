export type { NpmPackage } from '@ddnet/datasets/node'
export type { ReportTable } from '@ddnet/tasks'
export { z } from 'zod'
export { cocoAnnotations } from './built-in/coco.ts'
export { type MaskSource, maskSources } from './built-in/mask-sources.ts'
export { type MasksSettings, masksSettings } from './built-in/masks.ts'
export { builtIn } from './built-in/registry.ts'
export {
  type CreateTrainerOptions,
  createTrainer,
  fitOptions,
  type Learners,
  learnersOf,
  type RunTrainer,
  type TrainedRun,
} from './create-trainer.ts'
export {
  type AnyDefinition,
  type AnyTask,
  type ChannelGroup,
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
  type ModelFacts,
  type NamedSamples,
  type OptimizerDefinition,
  type Registry,
  type ScheduleDefinition,
  type TaskDefinition,
} from './definitions.ts'
export {
  type Experiment,
  type ExperimentOptions,
  type ExperimentSettings,
  experiment,
  type TrainOptions,
} from './experiment.ts'
export { patternsOf } from './fine-tuning.ts'
export { generateImages, type ImageGenerator, type NewImage, type NewImages } from './generate-images.ts'
export {
  counted,
  type Evaluation,
  evaluateHeldOut,
  type HeldOut,
  heldOut,
  resultOf,
  type Split,
} from './held-out.ts'
export { type GivenWeights, type LoadedWeights, loadWeights } from './load-weights.ts'
export { featureName, type GeneratedFigures, measureGenerated } from './measure-generated.ts'
export { evaluationBatchSize, stepBytes } from './memory.ts'
export {
  buildModel,
  checkSamples,
  createModel,
  createOptimizer,
  createSchedule,
  createTask,
  evaluationLoader,
  inputsOf,
  keysOf,
  type LoadedData,
  learningRateOf,
  loadRunData,
  normalizationOf,
  preparedSample,
  type RunBatch,
  type RunTask,
  trainingLoader,
} from './parts.ts'
export {
  firstSamples,
  type PredictedImage,
  type Predictor,
  pictureOf,
  predictSample,
  predictSamples,
  type RunSample,
} from './predict.ts'
export { type PrunedChannels, pruneChannels, pruneWeights } from './prune.ts'
export { curvesOf, type MeasuredStep, type ReportOptions, reportData, type TrainedWhere } from './report-data.ts'
export { checkSameData, isOver, isSame, lengthSettings } from './run-folder/compare.ts'
export type { Environment, RunEnvironment } from './run-folder/environment.ts'
export { MetricsLog, type MetricsRecord, type RecordedScores } from './run-folder/metrics-log.ts'
export { RunError } from './run-folder/run-error.ts'
export { type CatalogOf, type OpenedCheckpoint, type RunFile, RunFolder, runFiles } from './run-folder/run-folder.ts'
export {
  factsOf,
  freeSettings,
  type RunData,
  type RunRecord,
  readRecord,
  recordOf,
  runDataOf,
  type TrainedOn,
} from './run-folder/run-record.ts'
export { readSamples, type StepSamples, sampleTable } from './run-folder/sample-log.ts'
export { TrainingRun } from './run-folder/training-run.ts'
export { type Chosen, type Config, flatSettings } from './settings/config.ts'
export { checkedEntry, type Entry, entriesOf, findSetting, short, show, similarSetting } from './settings/entries.ts'
export type { GeneralSettings, RequestedBackend } from './settings/general.ts'
export { settingsJsonSchema } from './settings/json-schema.ts'
export type { FlatSettings, Kind, PlaceOf } from './settings/kinds.ts'
export { nearest } from './settings/nearest.ts'
export { type PresetName, presets } from './settings/presets.ts'
export { type Dropped, droppedText, type Resolved, resolveConfig } from './settings/resolve.ts'
export {
  chosenSetting,
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
export { parseYaml, toYaml } from './settings/yaml.ts'
export { stepsPerEpoch, totalSteps } from './step-counts.ts'
export { encodeTeacher, learnedFrom, readTeacher, type Teacher, teacherOfRun } from './teacher.ts'
