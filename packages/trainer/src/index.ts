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
export { type CheckpointIndex, readIndex as readCheckpointIndex } from './checkpoint/checkpoint-index.ts'
export { loadCheckpoint } from './checkpoint/load-checkpoint.ts'
export { DivergedError } from './diverged-error.ts'
export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.ts'
export type { EndEvent, EndReason, EpochEvent, StartEvent, StepEvent, ValidationEvent } from './events.ts'
export {
  type FindLearningRateOptions,
  findLearningRate,
  type LearningRatePoint,
  type LearningRateSweep,
} from './find-learning-rate.ts'
export type { Duration, FitOptions, FitResult, History } from './fit-options.ts'
export { leakGuard } from './leak-guard.ts'
export { type CsvOptions, csv } from './loggers/csv.ts'
export { type JsonlOptions, jsonl, type LogLine } from './loggers/jsonl.ts'
export { LogError } from './loggers/log-error.ts'
export { type ProgressOptions, progress } from './loggers/progress.ts'
export { type TensorBoardOptions, tensorBoard } from './loggers/tensorboard.ts'
export type { PrepareOptions } from './prepare.ts'
export type { KernelProfile, Profile, ProfileOptions, ProfilePhase } from './profile.ts'
export { profileTable } from './profile-table.ts'
export type { MetricValue, Scores } from './scores.ts'
export type { Json, Phase, Snapshot } from './snapshot.ts'
export type { ScoresOf as StepScores, StepContext, StepResult } from './step.ts'
export {
  type Step,
  type StepFitOptions,
  StepTrainer,
  type StepTrainerOptions,
  type UpdateContext,
} from './step-trainer.ts'
export { type Forward, type Losses, type Metrics, onHead } from './task.ts'
export { type ScoresOf, Trainer, type TrainerOptions } from './trainer.ts'
