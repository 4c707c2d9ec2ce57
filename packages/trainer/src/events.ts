import type { Monitored, Scores } from './scores.ts'

/** Why a run ended: all steps done; stopped by a callback, `signal` or `maxSeconds`; or a loss that is not finite. */
export type EndReason = 'done' | 'stopped' | 'diverged'

export interface StartEvent {
  /** Steps of the whole run, those before a resume included. */
  readonly totalSteps: number
  readonly stepsPerEpoch: number
  /** `totalSteps / stepsPerEpoch`, rounded up. */
  readonly epochs: number
  /** Steps already done: 0, or the step of the checkpoint that is resumed. */
  readonly startStep: number
}

export interface StepEvent {
  /** Number of completed steps, from 1. */
  readonly step: number
  /** The epoch this step belongs to, from 1. */
  readonly epoch: number
  /** The loss of this step's samples, before its update. */
  readonly loss: number
  /** The losses of a step that names them. */
  readonly losses?: Readonly<Record<string, number>>
  /** The learning rate of this step's update. */
  readonly learningRate: number
  /** The samples of this step. */
  readonly batchSize: number
  /** Wall-clock time since the step before, waiting for data included. */
  readonly seconds: number
  /** The part of `seconds` spent waiting for the loader. */
  readonly dataSeconds: number
}

export interface ValidationEvent {
  readonly step: number
  readonly epoch: number
  /** Loss and metrics of the training batches since the last validation, each measured before its update. */
  readonly train: Scores
  /** Loss and metrics of the whole validation set. */
  readonly validation: Scores
  /** The score that decides which checkpoint is the best, as the trainer's `monitor` names it. */
  readonly monitored: Monitored
  /** The learning rate of the step's update; one that follows this score changes afterwards. */
  readonly learningRate: number
  /** Time the validation took. */
  readonly seconds: number
}

export interface EpochEvent {
  /** The epoch that ended, from 1. */
  readonly epoch: number
  readonly step: number
  /** Loss and metrics of the epoch's training batches, each measured before its update. */
  readonly train: Scores
  /** Time since the epoch began in this process, validations included. */
  readonly seconds: number
}

export interface EndEvent {
  readonly reason: EndReason
  /** Completed steps. */
  readonly step: number
  readonly epoch: number
  /** Why it was stopped, or the divergence in words. */
  readonly message?: string
}
