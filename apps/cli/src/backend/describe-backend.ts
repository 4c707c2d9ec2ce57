import type { Backend } from '@ddnet/ops'

/** A backend that runs, with what some of them tell besides. */
export type Started = Backend & {
  readonly software?: boolean
  readonly version?: string
  readonly cuda?: string
  readonly cudnn?: string
}

/** What a backend says of itself. */
export interface BackendDescription {
  /** `TensorFlow 2.21.0 on cuda:0`. */
  readonly title: string
  readonly device: string
  /** Whether a GPU computes. */
  readonly accelerated: boolean
  /** Of TensorFlow, CUDA and cuDNN, where they compute. */
  readonly versions: Readonly<Record<string, string>>
}

export function describeBackend(backend: Started): BackendDescription {
  const { name, device, software, version, cuda, cudnn } = backend
  const versions = { tensorflow: version, cuda, cudnn }
  const known = Object.entries(versions).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const accelerated = name === 'webgpu' ? software !== true : device.startsWith('cuda')
  return { title: titleOf(backend), device, accelerated, versions: Object.fromEntries(known) }
}

function titleOf({ name, device, version }: Started): string {
  if (name === 'tensorflow')
    return `TensorFlow${version === undefined ? '' : ` ${version}`} on ${device === 'cpu' ? 'the CPU' : device}`
  return name === 'webgpu' ? `WebGPU on ${device}` : device
}
