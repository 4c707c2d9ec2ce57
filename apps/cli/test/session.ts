import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cifar10, type ClassificationSample, cifar10ClassNames, type Dataset, imageDataset } from '@ddnet/datasets'
import type { Backend } from '@ddnet/ops'
import { BackendUnavailable, getBackend, random } from '@ddnet/ops'
import { itemAt, useBackend } from '@ddnet/testing'
import { onTestFinished } from 'vitest'
import type { BackendStarters } from '../src/backend/backend-starters.ts'
import type { CommandContext } from '../src/context.ts'
import type { LoadData } from '../src/data/load-data.ts'
import { main } from '../src/program.ts'
import type { Io, StopSignal } from '../src/terminal/io.ts'

/** `count` images of 32 × 32, each class of another color, under noise. */
function colors(count: number, seed: number): Dataset<ClassificationSample> {
  const size = 32 * 32 * 3
  const noise = random.uniformValues(random.key(seed), count * size)
  const labels = Array.from({ length: count }, (_, index) => index % 10)
  const brightness = (label: number, channel: number) => 40 + 60 * (Math.floor((label + 1) / 3 ** channel) % 3)
  const images = Uint8Array.from(
    noise,
    (value, at) => value * 40 + brightness(itemAt(labels, Math.floor(at / size)), at % 3),
  )
  return imageDataset({ images, labels, shape: [32, 32, 3] })
}

export const tinyData = (): Cifar10 => ({ train: colors(80, 1), test: colors(40, 2), classNames: cifar10ClassNames })

/** Calls back, once, when so many training images were asked for. */
export function afterImages(count: number, callback: () => void): LoadData {
  let left = count
  return async () => {
    const { train, ...rest } = tinyData()
    const getSync: Dataset<ClassificationSample>['getSync'] = (index, options) => {
      if (--left === 0) callback()
      return train.getSync?.(index, options) as ClassificationSample // it has one: its images are in memory
    }
    return { ...rest, train: { ...train, getSync } }
  }
}

const noTensorflow = () =>
  Promise.reject(new BackendUnavailable('tensorflow: the addon is missing. Run: npx ddnet backend install tensorflow'))
const noWebgpu = () => Promise.reject(new BackendUnavailable('webgpu: no adapter. Install a driver.'))

/** A machine that has WebAssembly alone. */
export const wasmOnly: BackendStarters = {
  tensorflow: noTensorflow,
  webgpu: noWebgpu,
  wasm: async (): Promise<Backend> => {
    await useBackend('wasm')
    // Other test files share the backend, so that it must survive.
    return { name: 'wasm', device: `WebAssembly for tests (${getBackend()})`, dispose: () => {} }
  },
  open: (requested) => ({
    describe:
      requested === 'wasm'
        ? async () => ({ title: 'WebAssembly for tests', device: 'wasm', accelerated: false, versions: {} })
        : requested === 'webgpu'
          ? noWebgpu
          : noTensorflow,
    convolutionGflops: async () => 31.4,
    trainingStep: noTensorflow, // nothing to compare with
    step: async () => 12.5,
    forward: async () => 4,
    profile: async (_run, steps) => ({
      steps,
      milliseconds: { step: 12.5, data: 0.5, kernels: 11, host: 0.75, device: 0.25 },
      kernels: [{ kernel: 'conv2d', phase: 'forward', calls: 3, milliseconds: 11 }],
      memory: { tensors: 72, bytes: 2.3e6, peakTensors: 257, peakBytes: 88.9e6 },
    }),
    peakMemory: async () => 193e6,
    end: () => {},
  }),
  tensorflowBuild: noTensorflow,
  hasGraphicsDevice: () => false,
  hasNvidiaDevice: () => false,
  wasmThreads: 1,
}

export interface Session {
  /** Runs a command line; the exit code, and what it wrote. */
  run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>
  /** The folder that it runs in. */
  readonly cwd: string
  /** Sends a signal to the command that runs. */
  signal(signal: StopSignal): void
  /** Called with everything that is written. */
  onWrite: (text: string) => void
}

interface SessionOptions {
  /** What is piped in. */
  readonly stdin?: readonly Uint8Array[]
  readonly env?: Record<string, string>
  readonly isTTY?: boolean
  readonly columns?: number
  readonly start?: BackendStarters
  readonly loadData?: LoadData
  readonly loadInstaller?: CommandContext['loadInstaller']
  /** Where it runs; by default an empty folder, which goes with the test. */
  readonly cwd?: string
}

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ddnet-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A shell of its own: an empty folder, and streams that are kept. */
export function session({
  env = {},
  isTTY = false,
  columns,
  start = wasmOnly,
  loadData = async () => tinyData(),
  loadInstaller = () => import('@ddnet/backend-node/install'),
  cwd = emptyFolder(),
  stdin = [],
}: SessionOptions = {}): Session {
  const handlers = new Set<(signal: StopSignal) => void>()
  const shell: Session = {
    cwd,
    onWrite: () => {},
    signal: (signal) => {
      for (const handler of handlers) handler(signal)
    },
    async run(...args) {
      const written = { stdout: '', stderr: '' }
      const output = (name: 'stdout' | 'stderr') => ({
        isTTY,
        ...(columns !== undefined && { columns }),
        write: (text: string) => {
          written[name] += text
          shell.onWrite(text)
          return true
        },
      })
      const io: Io = {
        stdout: output('stdout'),
        stderr: output('stderr'),
        env,
        cwd,
        stdin: (async function* () {
          yield* stdin
        })(),
        onSignal: (handler) => {
          handlers.add(handler)
          return () => handlers.delete(handler)
        },
        ignoreHangup: () => () => {},
        exit: (code) => {
          throw new Error(`left with ${code}`)
        },
      }
      const code = await main(args, io, { start, loadData, loadInstaller })
      return { code, ...written }
    },
  }
  return shell
}
