import type { BackendStarters } from './backend-starters.ts'
import type { BackendWish } from './config/schema.ts'
import { readRunEnvironment } from './environment.ts'
import type { Trial } from './measure-cpu-backends.ts'
import { type SelectedBackend, selectBackend } from './select-backend.ts'

/**
 * The backend that a run was last trained on, or the best there is where that is not here.
 *
 * @param environment path of the run's environment.json
 */
export async function backendOfRun(
  environment: string,
  trial: Trial,
  start: BackendStarters,
): Promise<SelectedBackend> {
  const recorded = await recordedBackend(environment)
  if (recorded === undefined) return selectBackend('auto', trial, start)
  try {
    return { ...(await selectBackend(recorded, trial, start)), reason: 'the run was trained on it' }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    const selected = await selectBackend('auto', trial, start)
    return { ...selected, reason: `the run was trained on ${recorded}, which is not here; ${selected.reason}` }
  }
}

async function recordedBackend(path: string): Promise<Exclude<BackendWish, 'auto'> | undefined> {
  const environment = await readRunEnvironment(path)
  const { name, device } = environment?.resumed?.at(-1)?.backend ?? environment?.backend ?? {}
  if (name === 'tensorflow') return device === 'cpu' ? 'cpu' : (device as `cuda:${number}`)
  return name === 'webgpu' || name === 'wasm' ? name : undefined
}
