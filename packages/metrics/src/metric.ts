import type { HostTensor } from '@ddnet/ops'

/**
 * A measure over a stream of batches. The state is plain JSON: it can be sent, saved, and merged with that of another
 * part of the stream, with the result that the whole stream would have given.
 *
 * Batches come as host values, read from the device once for all metrics.
 */
export interface Metric<State, Value> {
  init(): State
  /** The state after one more batch; the old state is not changed. */
  update(state: State, predictions: HostTensor, targets: HostTensor): State
  merge(a: State, b: State): State
  compute(state: State): Value
}
