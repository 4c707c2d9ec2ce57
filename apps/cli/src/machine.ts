import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'

/** The machine as records and reports tell of it. */
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
