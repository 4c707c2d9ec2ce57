import { spawn, spawnSync } from 'node:child_process'

/** Starts a command in a terminal of its own, takes the terminal away once it writes of steps, and prints the exit code. */
const script = `
import os, pty, sys
pid, master = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
seen = b''
while b'step ' not in seen: seen += os.read(master, 4096)
os.close(master)  # SIGHUP for the command, EIO for what it writes
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

/** Why no window can be closed here. */
export const noPty: string | undefined =
  spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0
    ? undefined
    : 'there is no python3 of 3.9 or later, which makes a terminal'

/** The exit code of a command whose window is closed when it has written of a step, and what was written beside it. */
export async function hangUp(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<[code: string, stderr: string]> {
  const child = spawn('python3', ['-c', script, ...command], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  await new Promise((resolve) => child.on('close', resolve))
  return [stdout.trim(), stderr]
}
