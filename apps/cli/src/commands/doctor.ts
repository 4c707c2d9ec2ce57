import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '@ddnet/datasets/node'
import { describeMachine } from '../environment.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Parts } from '../program.ts'
import { type BackendStarters, titleOf } from '../select-backend.ts'
import { formatBytes } from '../terminal/format.ts'
import { wrap } from '../terminal/say.ts'
import { type Style, styleFor } from '../terminal/style.ts'

type Finding =
  | { readonly available: true; readonly device: string }
  | { readonly available: false; readonly reason: string }

interface Diagnosis {
  readonly version: string
  readonly machine: ReturnType<typeof describeMachine>
  readonly backends: Readonly<Record<string, Finding>>
  readonly data: { readonly cifar10: { readonly cached: boolean; readonly folder: string } }
}

/** `ddnet doctor`: what works here, and for what does not, the reason and the remedy. Returns the exit code. */
export async function doctor({ json }: { readonly json?: boolean }, { io, start, version }: Parts): Promise<number> {
  const diagnosis = await diagnose(start, version)
  if (json) io.stdout.write(`${JSON.stringify(diagnosis, undefined, 2)}\n`)
  else io.stdout.write(describe(diagnosis, styleFor(io.stdout, io.env), io.stdout.columns ?? 80))
  const usable = Object.values(diagnosis.backends).some(({ available }) => available)
  return usable ? exitCodes.done : exitCodes.deviceUnavailable
}

async function diagnose(start: BackendStarters, version: string): Promise<Diagnosis> {
  const folder = join(cacheDirectory(), 'cifar10')
  const attempts: Record<string, () => ReturnType<BackendStarters['wasm']>> = {
    cuda: () => start.tensorflow('cuda:0'),
    webgpu: start.webgpu,
    cpu: () => start.tensorflow('cpu'),
    wasm: start.wasm,
  }
  const backends: Record<string, Finding> = {}
  for (const [name, attempt] of Object.entries(attempts)) backends[name] = await finding(attempt)
  const { cuda, cpu } = backends
  // A process that computes on the GPU cannot turn to the CPU, but another can.
  if (cuda?.available && !cpu?.available)
    backends.cpu = { available: true, device: cuda.device.replace(/on .*/, 'on the CPU') }
  return { version, machine: describeMachine(), backends, data: { cifar10: { cached: existsSync(folder), folder } } }
}

async function finding(attempt: () => ReturnType<BackendStarters['wasm']>): Promise<Finding> {
  try {
    const backend = await attempt()
    const device = titleOf(backend)
    backend.dispose()
    return { available: true, device }
  } catch (error) {
    return { available: false, reason: (error as Error).message }
  }
}

function describe({ version, machine, backends, data }: Diagnosis, style: Style, columns: number): string {
  const lines = [
    ['ddnet', version],
    ['node', machine.node],
    ['system', machine.system],
    ['processor', `${machine.processor}, ${machine.cores} cores`],
    ['memory', formatBytes(machine.memoryBytes)],
  ].map(([label = '', text]) => `${style('bold', label.padEnd(11))}${text}`)
  const item = (good: boolean, label: string, text: string) => {
    const [first, ...rest] = wrap(text, Math.max(40, columns) - 14)
    const mark = good ? style('green', '✓') : style('yellow', '✗')
    return [`  ${mark} ${label.padEnd(9)} ${first}`, ...rest.map((line) => `${' '.repeat(14)}${line}`)]
  }
  const { cached, folder } = data.cifar10
  lines.push('', style('bold', 'backends, the fastest first'))
  for (const [name, found] of Object.entries(backends))
    lines.push(...item(found.available, name, found.available ? found.device : found.reason))
  lines.push('', style('bold', 'data'))
  lines.push(
    ...item(
      cached,
      'cifar10',
      cached ? `in ${folder}` : `not in ${folder} yet: the first training fetches it (about 140 MB)`,
    ),
  )
  return lines.map((line) => `${line}\n`).join('')
}
