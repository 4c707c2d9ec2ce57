import { errorCode } from '../checks/error.ts'

/** Whether this machine has a process of a number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) !== 'ESRCH' // EPERM: it runs, as somebody else
  }
}
