import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'

const leftOut = /^(NO_COLOR|FORCE_COLOR|CI|npm_.*|DDNET_(?!CACHE).*)$/
/** This process's environment without what changes what the command writes. */
export const env: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !leftOut.test(name)),
)

/** A process of Node, with `env`. */
export function startChild(
  cwd: string,
  words: readonly string[],
  stdio: StdioOptions = ['ignore', 'pipe', 'pipe'],
): Child {
  const child: ChildProcess = spawn(process.execPath, words, { cwd, env, stdio })
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, ...written })),
  )
  const says = (name: 'stdout' | 'stderr') =>
    new Promise((resolve, reject) => {
      child[name]?.once('data', resolve)
      ended.then(({ code, stderr }) => reject(new Error(`it ended with ${code} before: ${stderr}`)))
    })
  return { child, ended, says }
}

export interface Child {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when something was written there; rejects where the process ends before. */
  says(name: 'stdout' | 'stderr'): Promise<unknown>
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Why a full disk cannot be had here. */
export const noFull: string | undefined = existsSync('/dev/full') ? undefined : 'there is no /dev/full'
