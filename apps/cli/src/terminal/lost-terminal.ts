import { closeSync, fstatSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { isatty } from 'node:tty'

/**
 * Puts the null device in the place of a terminal that is gone. Node puts a terminal's settings back when it ends, and aborts where it
 * cannot: the exit code of whoever trained on without the window that it was started in would be that of a crash.
 */
export function leaveLostTerminal(): void {
  if (process.platform === 'win32') return
  for (const descriptor of [0, 1, 2]) {
    if (isatty(descriptor) || !isCharacterDevice(descriptor)) continue
    closeSync(descriptor)
    openSync(devNull, 'r+') // takes the lowest number, which has just become free
  }
}

function isCharacterDevice(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice()
  } catch {
    return false // closed by whoever started us
  }
}
