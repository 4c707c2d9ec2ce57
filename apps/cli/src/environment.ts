import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import type { SelectedBackend } from './select-backend.ts'

/** Where a run was computed, for whoever wonders later. */
export interface RunEnvironment {
  readonly ddnet: string
  readonly node: string
  readonly system: string
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly backend: { readonly name: string; readonly device: string; readonly title: string; readonly reason: string }
  readonly command: string
  readonly startedAt: string
}

export const describeEnvironment = (
  ddnet: string,
  { backend, title, reason }: SelectedBackend,
  args: readonly string[],
): RunEnvironment => ({
  ddnet,
  ...describeMachine(),
  backend: { name: backend.name, device: backend.device, title, reason },
  command: ['ddnet', ...args].join(' '),
  startedAt: new Date().toISOString(),
})

export const describeMachine = () => ({
  node: process.version,
  system: `${process.platform} ${arch()} ${release()}`,
  processor: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memoryBytes: memoryLimit(),
})

/** Memory that this process may use: the machine's, or less in a container. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory()
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}
