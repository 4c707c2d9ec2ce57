import type { Activation } from './activations.ts'

/** A value with the activation, as WGSL. Unlike `max`, this keeps a NaN. */
export const activated = (value: string, type: string, activation: Activation | undefined): string =>
  activation === 'relu' ? `select(${value}, ${type}(0), ${value} < ${type}(0))` : value
