export type { Callback, Control } from './callback.ts'
export { CallbackError } from './callback-error.ts'
export { type CheckpointOptions, checkpoint } from './checkpoint/checkpoint.ts'
export { CheckpointError } from './checkpoint/checkpoint-error.ts'
export {
  type BestCheckpoint,
  type Checkpoint,
  type CheckpointFiles,
  decodeCheckpoint,
  encodeCheckpoint,
} from './checkpoint/checkpoint-files.ts'
export {
  type CheckpointIndex,
  checkpointName,
  listCheckpoints,
  readIndex as readCheckpointIndex,
} from './checkpoint/checkpoint-index.ts'
export { loadCheckpoint } from './checkpoint/load-checkpoint.ts'
export { DivergedError } from './diverged-error.ts'
export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.ts'
export { type EvaluationOptions, evaluate } from './evaluate.ts'
export type { EndEvent, EndReason, EpochEvent, StartEvent, StepEvent, ValidationEvent } from './events.ts'
export {
  findLearningRate,
  type LearningRatePoint,
  type LearningRateSweep,
  type SeveralSweep,
  type SingleSweep,
} from './find-learning-rate.ts'
export type { Duration, FitOptions, FitResult, History } from './fit-options.ts'
export { formatDuration } from './format-duration.ts'
export { type HeadFirstOptions, headFirst } from './head-first.ts'
export { leakGuard } from './leak-guard.ts'
export type { ProfilePhase } from './learner.ts'
export { type CsvOptions, csv } from './loggers/csv.ts'
export { type JsonlOptions, jsonl, type LogLine } from './loggers/jsonl.ts'
export { LogError } from './loggers/log-error.ts'
export { type ProgressOptions, progress } from './loggers/progress.ts'
export { type TensorBoardOptions, tensorBoard } from './loggers/tensorboard.ts'
export { keptEntries, nothingTold, type Told, tell, toldOf, withoutTimes } from './loggers/told.ts'
export type { Several, SeveralModels, Single, SingleModel, TrainingData } from './options.ts'
export type { BlankBatch, PrepareOptions } from './prepare.ts'
export type { KernelProfile, Profile, ProfileOptions } from './profile.ts'
export { profileTable } from './profile-table.ts'
export type { MetricValue, Monitored, Scores } from './scores.ts'
export type { Json, Phase, Snapshot } from './snapshot.ts'
export type {
  EvaluationContext,
  Losses,
  Models,
  ScoresOf,
  StepContext,
  StepResult,
  UpdateContext,
} from './step.ts'
export { directoryStorage } from './storage/directory-storage.ts'
export { filesIn, type MemoryStorage, memoryStorage, packStorage, tarStorage } from './storage/memory-storage.ts'
export { type Storage, type StorageLock, StorageLocked } from './storage/storage.ts'
export { type NamedFile, readTar } from './storage/tar.ts'
export { Trainer } from './trainer.ts'
