import { type ExitCode, exitCodes } from './exit-codes.ts'
import { mayOpenFewFiles, tooManyOpenFiles } from './open-files.ts'

/** An error whose message is all that the user needs: the problem, its place, and the remedy. */
export class CliError extends Error {
  override readonly name: string = 'CliError'

  constructor(
    message: string,
    readonly exitCode: ExitCode = exitCodes.failed,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** A wrong command line, setting or file of settings. */
export class UsageError extends CliError {
  override readonly name = 'UsageError'

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCodes.usage, options)
  }
}

/** Any error as one line and an exit code. The callbacks of a run are this program's own, so what one threw is told itself. */
export function explain(error: unknown): { message: string; exitCode: ExitCode } {
  if (error instanceof Error && error.name === 'CallbackError') return explain(error.cause)
  return { message: oneLine(messageOf(error)), exitCode: exitCodeOf(error) }
}

function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode
  // By name: each backend package has its own class, and more than one copy of a package may be installed.
  if (error instanceof Error && error.name === 'SettingsError') return exitCodes.usage
  if (error instanceof Error && error.name === 'BackendUnavailable') return exitCodes.deviceUnavailable
  if (error instanceof Error && error.name === 'DivergedError') return exitCodes.diverged
  return exitCodes.failed
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, path } = error as NodeJS.ErrnoException
  // Which file was one too many says nothing.
  if (code === 'EMFILE' || code === 'ENFILE') return tooManyOpenFiles()
  // To Node, a module that it could not open is not there.
  if (code === 'ERR_MODULE_NOT_FOUND' && mayOpenFewFiles()) return tooManyOpenFiles()
  // Threads that could not be started, and libraries that could not be loaded, have it in their words.
  if (/\bE[MN]FILE\b|Too many open files/.test(error.message)) return `${error.message}: ${tooManyOpenFiles()}`
  const known = code === undefined ? undefined : remedies[code]
  if (known === undefined) return error.message === '' ? error.name : error.message
  return `${path === undefined ? '' : `${path}: `}${known.problem}. ${known.remedy}`
}

/** What the operating system's codes mean, for the errors that no package put into words. */
const remedies: Readonly<Record<string, { problem: string; remedy: string }>> = {
  ENOSPC: {
    problem: 'the disk is full',
    remedy: 'Free some space, or choose another disk, for a run with runs=FOLDER.',
  },
  EDQUOT: {
    problem: 'your disk quota is used up',
    remedy: 'Free some space, or choose another disk, for a run with runs=FOLDER.',
  },
  EACCES: { problem: 'permission denied', remedy: 'Change its permissions, or choose another place.' },
  EPERM: { problem: 'operation not permitted', remedy: 'Change its permissions, or choose another place.' },
  EROFS: { problem: 'the file system is read-only', remedy: 'Choose another place, for a run with runs=FOLDER.' },
  ENAMETOOLONG: { problem: 'the name is too long', remedy: 'Give a shorter path.' },
  ELOOP: { problem: 'a link in a circle', remedy: 'Fix the link, or choose another place.' },
  ENOTDIR: { problem: 'not a folder', remedy: 'Give another path.' },
}

/**
 * What a code of the operating system means, in words, for something that cannot be read.
 *
 * @param path with U+FFFD in it where its name is not UTF-8, which Node has no way to open
 */
export function whyUnreadable(code: string | undefined, path = ''): string {
  if (code === 'ENOENT' && path.includes('\ufffd')) return 'its name is not UTF-8, and has to be changed first'
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ERR_INVALID_ARG_VALUE') return 'a path has no NUL'
  if (code === 'EMFILE' || code === 'ENFILE') return tooManyOpenFiles()
  return (code && remedies[code]?.problem) ?? code ?? 'it cannot be opened'
}

/** What a code of the operating system means, in words, for something that cannot be made. */
export const problemOf = (code: string): string | undefined =>
  code === 'ENOENT' ? 'nothing can be made there' : remedies[code]?.problem

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim()
