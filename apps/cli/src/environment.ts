import { readFile } from 'node:fs/promises'
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import type { SelectedBackend } from './select-backend.ts'

/** Where something was computed, for whoever wonders later. */
export interface Environment {
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

/** environment.json: where a run began, as far as that is known (a page knows less), and where it went on. */
export interface RunEnvironment extends Partial<Environment> {
  readonly resumed?: readonly (Environment & { readonly step: number })[]
}

/** The environment of a run; nothing where it cannot be read, for a run can be used without. */
export async function readRunEnvironment(path: string): Promise<RunEnvironment | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as RunEnvironment
  } catch {
    return undefined
  }
}

export const describeEnvironment = (
  ddnet: string,
  { backend, title, reason }: SelectedBackend,
  args: readonly string[],
): Environment => ({
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
