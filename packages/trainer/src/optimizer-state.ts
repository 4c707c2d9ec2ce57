import { dispose, fromHost, toHost } from '@ddnet/ops'
import type { Optimizer, OptimizerState, Tensors } from '@ddnet/optimizers'
import type { Snapshot } from './snapshot.ts'

/** An optimizer's state on the host. */
export async function saveOptimizerState({ step, tensors }: OptimizerState): Promise<Snapshot['optimizer']> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => [name, await toHost(tensor)] as const)
  return { step, tensors: Object.fromEntries(await Promise.all(entries)) }
}

/**
 * The saved state on the device.
 * @throws Error if it is not of this optimizer and these parameters
 */
export function restoreOptimizerState(
  saved: Snapshot['optimizer'],
  optimizer: Optimizer,
  params: Tensors,
): OptimizerState {
  const expected = optimizer.init(params)
  const problems = Object.entries(expected.tensors).flatMap(([name, tensor]) => {
    const host = saved.tensors[name]
    if (host === undefined) return [`missing ${name}`]
    return host.shape.join() === tensor.shape.join() ? [] : [`${name} is [${host.shape}], expected [${tensor.shape}]`]
  })
  problems.push(
    ...Object.keys(saved.tensors).flatMap((name) => (name in expected.tensors ? [] : [`unexpected ${name}`])),
  )
  dispose(Object.values(expected.tensors))
  if (problems.length > 0) {
    throw new Error(
      `resume: the saved state does not fit this optimizer: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}. Resume with the optimizer that the run was started with.`,
    )
  }
  return {
    step: saved.step,
    tensors: Object.fromEntries(Object.entries(saved.tensors).map(([name, host]) => [name, fromHost(host)])),
  }
}
