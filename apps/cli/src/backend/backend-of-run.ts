import type { RequestedBackend, TrainedOn } from '@ddnet/experiment'
import type { BackendStarters } from './backend-starters.ts'
import type { Trial } from './measure-cpu-backends.ts'
import { type SelectedBackend, selectBackend } from './select-backend.ts'

/**
 * The backend that a run was last trained on, or the best there is where that is not here.
 *
 * @param trained what its checkpoint says
 */
export async function backendOfRun(trained: TrainedOn, trial: Trial, start: BackendStarters): Promise<SelectedBackend> {
  const recorded = recordedBackend(trained)
  if (recorded === undefined) return selectBackend('auto', trial, start)
  try {
    return { ...(await selectBackend(recorded, trial, start)), reason: 'the run was trained on it' }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    const selected = await selectBackend('auto', trial, start)
    return { ...selected, reason: `the run was trained on ${recorded}, which is not here; ${selected.reason}` }
  }
}

function recordedBackend({ name, device }: TrainedOn): Exclude<RequestedBackend, 'auto'> | undefined {
  if (name === 'tensorflow') return device === 'cpu' ? 'cpu' : (device as `cuda:${number}`)
  return name === 'webgpu' || name === 'wasm' ? name : undefined
}
