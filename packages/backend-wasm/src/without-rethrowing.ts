const events = ['uncaughtException', 'unhandledRejection']

type Listener = (...args: unknown[]) => void

/** What of Node's process is needed, of any event. */
interface Process {
  listeners(event: string): readonly Listener[]
  removeListener(event: string, listener: Listener): unknown
}

/** What Emscripten's modules add in Node: `function(ex){if(!(ex instanceof ExitStatus)){throw ex}}` and `function(reason){throw reason}`. */
const rethrows = /^function\s*\((\w+)\)\s*\{\s*(if\s*\(!\(\1 instanceof ExitStatus\)\)\s*\{?\s*)?throw \1\b/

/**
 * Runs `start`, which starts an Emscripten module, and takes away what that adds to Node's process: listeners that throw each uncaught error
 * again, so that Node would print the line they are on, which is a minified file of 60 kB, above any mistake in a program.
 */
export async function withoutRethrowing<T>(start: () => Promise<T>): Promise<T> {
  const process: Process | undefined = globalThis.process
  if (typeof process?.removeListener !== 'function') return start() // a page
  const before = events.map((event) => process.listeners(event))
  try {
    return await start()
  } finally {
    for (const [at, event] of events.entries()) {
      for (const listener of process.listeners(event)) {
        if (!before[at]?.includes(listener) && rethrows.test(String(listener))) process.removeListener(event, listener)
      }
    }
  }
}
