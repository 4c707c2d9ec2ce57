import { BackendUnavailable } from '@ddnet/ops'

/** Where to compute: the first visible GPU if there is one, the CPU, or the N-th visible GPU. */
export type Device = 'auto' | 'cpu' | `cuda:${number}`

export interface EnvironmentVariables {
  readonly [name: string]: string | undefined
}

/**
 * The environment that TensorFlow reads once, while it loads.
 *
 * The addon always computes on the last GPU it sees, so it is shown the one it should use; 'cuda:N' counts within
 * `CUDA_VISIBLE_DEVICES`, as in PyTorch. Log messages below errors are off unless the user set a level, and on x86 oneDNN is on,
 * which TensorFlow by itself takes on some processors alone.
 *
 * @throws BackendUnavailable if `device` is malformed or `CUDA_VISIBLE_DEVICES` hides it
 */
export function loadEnvironment(
  device: Device,
  memoryGrowth: boolean,
  given: EnvironmentVariables,
): Record<string, string> {
  return {
    CUDA_VISIBLE_DEVICES: visibleGpu(device, given.CUDA_VISIBLE_DEVICES),
    TF_FORCE_GPU_ALLOW_GROWTH: String(memoryGrowth),
    TF_CPP_MIN_LOG_LEVEL: given.TF_CPP_MIN_LOG_LEVEL ?? '2',
    ...(process.arch === 'x64' && { TF_ENABLE_ONEDNN_OPTS: given.TF_ENABLE_ONEDNN_OPTS ?? '1' }),
  }
}

const noGpu = '-1'

function visibleGpu(device: Device, given: string | undefined): string {
  if (device === 'cpu') return noGpu
  const visible = given === undefined ? undefined : given.split(',').map((id) => id.trim())
  // CUDA stops reading the list at the first invalid entry, and -1 is the customary one.
  const end = visible?.findIndex((id) => id === '' || id === noGpu) ?? -1
  const ids = end === -1 ? visible : visible?.slice(0, end)
  if (device === 'auto') return ids === undefined ? '0' : (ids[0] ?? noGpu)
  const index = /^cuda:(\d+)$/.exec(device)?.[1]
  if (index === undefined) {
    throw new BackendUnavailable(`tensorflow: expected device 'auto', 'cpu' or 'cuda:N', got '${device}'.`)
  }
  const id = ids === undefined ? index : ids[Number(index)]
  if (id === undefined) {
    throw new BackendUnavailable(
      `tensorflow: ${device} is hidden: CUDA_VISIBLE_DEVICES='${given}' shows ${ids?.length} GPU(s). Unset it or ask for another device.`,
    )
  }
  return id
}

/** Runs `action` with variables set in this process's environment, and puts back what was there. */
export function withEnvironment<T>(variables: Readonly<Record<string, string>>, action: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    return action()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
