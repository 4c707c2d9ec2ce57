/** What `ddnet` tells the shell. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** A wrong command line, setting or file of settings. */
  usage: 2,
  diverged: 3,
  deviceUnavailable: 4,
  /** Done, but standard output or error could not be written, as on a full disk: EX_IOERR of sysexits. */
  outputFailed: 74,
  /** By Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** Done, but whoever read the output went away before its end: 128 + SIGPIPE. */
  outputClosed: 141,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
