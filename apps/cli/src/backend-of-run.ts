import { readFile } from 'node:fs/promises'
import type { BackendWish } from './config/schema.ts'
import type { RunEnvironment } from './environment.ts'
import { type BackendStarters, type SelectedBackend, selectBackend } from './select-backend.ts'

/**
 * The backend that a run was trained on, or the best there is where that is not here.
 *
 * @param environment path of the run's environment.json
 */
export async function backendOfRun(environment: string, start: BackendStarters): Promise<SelectedBackend> {
  const recorded = await recordedBackend(environment)
  if (recorded === undefined) return selectBackend('auto', start)
  try {
    return { ...(await selectBackend(recorded, start)), reason: 'the run began on it' }
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'BackendUnavailable') throw error
    const selected = await selectBackend('auto', start)
    return { ...selected, reason: `the run began on ${recorded}, which is not here; ${selected.reason}` }
  }
}

async function recordedBackend(path: string): Promise<Exclude<BackendWish, 'auto'> | undefined> {
  let environment: RunEnvironment
  try {
    environment = JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined // the run can be used without
  }
  const { name, device } = environment.backend
  if (name === 'tensorflow') return device === 'cpu' ? 'cpu' : (device as `cuda:${number}`)
  return name === 'webgpu' || name === 'wasm' ? name : undefined
}
