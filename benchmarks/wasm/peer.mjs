import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** glibc's allocator returns large blocks to the system after every step unless told otherwise. */
export const tunedAllocator = {
  MALLOC_MMAP_THRESHOLD_: '1000000000',
  MALLOC_TRIM_THRESHOLD_: '10000000000',
  MALLOC_TOP_PAD_: '500000000',
}

/** A process that answers each line with milliseconds, as JSON; its first line says what it runs on. */
export async function startPeer(name, command, args, env = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  const failed = new Promise((_, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${name} ended with exit code ${code}`)))
  })
  failed.catch(() => {}) // told by whoever waits for an answer
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const answer = async () => JSON.parse((await Promise.race([lines.next(), failed])).value)
  const ask = (line) => {
    child.stdin.write(`${line}\n`)
    return answer()
  }
  return {
    name,
    ...(await answer()),
    ask,
    steps: (count) => ask(count),
    stop: () => child.stdin.end(),
  }
}
