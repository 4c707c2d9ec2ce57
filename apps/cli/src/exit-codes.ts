/** What `ddnet` tells the shell. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** A wrong command line, setting or file of settings. */
  usage: 2,
  diverged: 3,
  deviceUnavailable: 4,
  /** By Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
