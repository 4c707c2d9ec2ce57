import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** What loading takes at once: a package of settings has a file a language. */
const filesNeeded = 256
const wanted = 1024

/** Free descriptors below which threads, libraries and folders fail in ways of their own, each after another time. */
const leastFree = 32

/**
 * Checks before anything else that some more files can be opened: no matter how many the process has inherited.
 *
 * @throws the system's error (EMFILE) where they cannot
 */
export function expectOpenFiles(): void {
  const opened: number[] = []
  try {
    while (opened.length < leastFree) opened.push(openSync(devNull, 'r'))
  } finally {
    for (const each of opened) closeSync(each)
  }
}

/** What to say where a process may not open as many files as it needs: how many it may, how many it takes, and the remedy. */
export function tooManyOpenFiles(limit: number | undefined = openFileLimit()): string {
  const may = limit === undefined ? '' : `: this process may have ${limit} open at once, and needs up to ${filesNeeded}`
  const others = limit !== undefined && limit >= wanted ? ', and close other programs' : ''
  const higher = Math.max(wanted, 4 * (limit ?? 0))
  return `too many open files${may}. Raise the limit${others}: ulimit -n ${higher}`
}

/** Whether this process may open fewer files at once than loading takes. */
export const mayOpenFewFiles = (): boolean => (openFileLimit() ?? filesNeeded) < filesNeeded

/** As `ulimit -n` says, where the system has such a limit. */
function openFileLimit(): number | undefined {
  const { report } = process
  Object.assign(report, { excludeNetwork: true }) // which would open files itself
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | string } } }
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isFinite(soft) ? soft : undefined // 'unlimited'
}
