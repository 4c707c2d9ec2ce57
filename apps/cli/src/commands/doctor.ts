import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDirectory } from '@ddnet/datasets/node'
import { builtIn, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { errorMessage } from '@ddnet/ops/checks'
import type { BackendStarters } from '../backend/backend-starters.ts'
import type { BackendDescription } from '../backend/describe-backend.ts'
import { wasmLimit } from '../backend/memory.ts'
import { type MissingBackend, missingBackend } from '../backend/missing-backend.ts'
import { type NvidiaGpu, nvidiaGpus } from '../backend/nvidia.ts'
import { selectBackend } from '../backend/select-backend.ts'
import type { CommandContext } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { describeMachine } from '../machine.ts'
import { formatBytes } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { wrap } from '../terminal/logger.ts'
import { type Style, styleFor } from '../terminal/style.ts'

interface Available extends BackendDescription {
  readonly available: true
  /** Of DDNet's convolutions, forward and gradients. */
  readonly gflops: number
  /** What it can have at most, where that is known. */
  readonly memoryBytes?: number
}

interface Missing extends MissingBackend {
  readonly available: false
}

type BackendName = 'cuda' | 'webgpu' | 'cpu' | 'wasm'

interface Diagnosis {
  readonly version: string
  readonly machine: ReturnType<typeof describeMachine> & { readonly gpus: readonly NvidiaGpu[] }
  readonly backends: Readonly<Record<BackendName, Available | Missing>>
  /** What `--backend auto` takes, and why. */
  readonly auto?: { readonly title: string; readonly reason: string }
  readonly data: { readonly cifar10: { readonly cached: boolean; readonly folder: string } }
}

/** `ddnet doctor`: what works here and how fast, and for what does not, the reason and the remedy. Returns the exit code. */
export async function doctor({ json }: { readonly json?: boolean }, context: CommandContext): Promise<number> {
  const { io } = context
  const diagnosis = await diagnose(context)
  if (json) io.stdout.write(`${JSON.stringify(diagnosis, undefined, 2)}\n`)
  else io.stdout.write(describe(diagnosis, styleFor(io.stdout, io.env), io.stdout.columns ?? 80))
  const usable = Object.values(diagnosis.backends).some(({ available }) => available)
  return usable ? exitCodes.done : exitCodes.deviceUnavailable
}

async function diagnose({ io, start, version }: CommandContext): Promise<Diagnosis> {
  const machine = { ...describeMachine(), gpus: start.hasNvidiaDevice() ? await nvidiaGpus() : [] }
  const folder = join(cacheDirectory(io.env), 'cifar10')
  const line = liveLine(io)
  const examined = (name: BackendName) => {
    line.update(() => `trying and measuring ${name} …`)
    return examine(name, machine, start, io.env)
  }
  try {
    const backends = {
      cuda: await examined('cuda'),
      webgpu: await examined('webgpu'),
      cpu: await examined('cpu'),
      wasm: await examined('wasm'),
    }
    line.clear()
    const auto = await choice({ io, start, version })
    return {
      version,
      machine,
      backends,
      ...(auto !== undefined && { auto }),
      data: { cifar10: { cached: existsSync(folder), folder } },
    }
  } finally {
    line.clear()
  }
}

/** Starts a backend and measures it, in a process of its own. */
async function examine(
  name: BackendName,
  { gpus, memoryBytes }: Diagnosis['machine'],
  start: BackendStarters,
  env: Io['env'],
): Promise<Available | Missing> {
  if (name === 'cuda' && !start.hasNvidiaDevice())
    return { available: false, reason: 'this machine has no NVIDIA GPU with a driver' }
  const process = start.open(name)
  try {
    const description = await process.describe()
    const gflops = await process.convolutionGflops()
    const memory = {
      cuda: memoryOfAny(gpus),
      webgpu: undefined,
      cpu: memoryBytes,
      wasm: Math.min(wasmLimit, memoryBytes),
    }
    return {
      available: true,
      ...description,
      gflops,
      ...(memory[name] !== undefined && { memoryBytes: memory[name] }),
    }
  } catch (error) {
    return { available: false, ...missingBackend(errorMessage(error), env, name === 'cuda') }
  } finally {
    process.end()
  }
}

/** CUDA counts the fastest GPU first, nvidia-smi the first on the bus: only of equal GPUs is it known which one is meant. */
const memoryOfAny = ([first, ...others]: readonly NvidiaGpu[]): number | undefined =>
  others.every(({ name }) => name === first?.name) ? first?.memoryBytes : undefined

async function choice({
  io,
  start,
  version,
}: Pick<CommandContext, 'io' | 'start' | 'version'>): Promise<Diagnosis['auto']> {
  const { config } = resolveConfig([], 'short', settingCatalog(builtIn))
  try {
    const { backend, title, reason } = await selectBackend('auto', { config, version, io }, start)
    backend.dispose()
    return { title, reason: reason.replace(/^auto: /, '') }
  } catch {
    return undefined // no backend at all: each says why
  }
}

function describe({ version, machine, backends, auto, data }: Diagnosis, style: Style, columns: number): string {
  const width = Math.max(40, columns)
  const paragraph = (head: string, indent: number, text: string) => {
    const [first, ...rest] = wrap(text, width - indent)
    return [`${head}${first}`, ...rest.map((line) => `${' '.repeat(indent)}${line}`)]
  }
  const fact = (label: string, text: string) => paragraph(style('bold', label.padEnd(11)), 11, text)
  const item = (good: boolean, label: string, text: string) =>
    paragraph(`  ${good ? style('green', '✓') : style('yellow', '✗')} ${label.padEnd(9)} `, 14, text)
  const lines = [
    ...fact('ddnet', version),
    ...fact('node', machine.node),
    ...fact('system', machine.system),
    ...fact('processor', `${machine.processor}, ${machine.cores} cores`),
    ...fact('memory', formatBytes(machine.memoryBytes)),
    ...machine.gpus.flatMap(({ name, memoryBytes, driver }) =>
      fact('gpu', `${name}, ${formatBytes(memoryBytes)}, driver ${driver}`),
    ),
  ]
  lines.push('', style('bold', 'backends'))
  for (const [name, found] of Object.entries(backends)) {
    if (found.available) lines.push(...item(true, name, `${found.title}\n${figures(found)}`))
    else lines.push(...item(false, name, `${found.reason}${found.fix === undefined ? '' : `\n→ ${found.fix}`}`))
  }
  lines.push('', "GFLOP/s of DDNet's convolutions, forward and gradients, of 32 images")
  if (auto !== undefined)
    lines.push('', ...paragraph(style('bold', '--backend auto takes '), 2, `${auto.title}\n${auto.reason}`))
  const { cached, folder } = data.cifar10
  const where = cached ? `in ${folder}` : `not in ${folder} yet: the first training fetches it (about 140 MB)`
  lines.push('', style('bold', 'data'), ...item(cached, 'cifar10', where))
  return lines.map((line) => `${line}\n`).join('')
}

/** `CUDA 12.5.82, cuDNN 9.3.0.75; 42.1 GFLOP/s; 8.00 GB of memory` */
function figures({ gflops, memoryBytes, versions: { cuda, cudnn } }: Available): string {
  const libraries = [cuda && `CUDA ${cuda}`, cudnn && `cuDNN ${cudnn}`].filter((text) => text !== undefined)
  const speed = `${gflops < 10 ? gflops.toFixed(1) : Math.round(gflops)} GFLOP/s`
  const memory = memoryBytes === undefined ? '' : `up to ${formatBytes(memoryBytes)}`
  return [libraries.join(', '), speed, memory].filter((text) => text !== '').join('; ')
}
