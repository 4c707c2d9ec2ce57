import { spawn } from 'node:child_process'
import { expect } from 'vitest'

export interface Sampled {
  readonly step: number
  readonly numTensors: number
  readonly numBytes: number
  /** What JavaScript holds in its heap and beside it. */
  readonly heap: number
  /** The memory of the whole process, WebAssembly's included. */
  readonly rss: number
}

/** Trains in a process of its own; what it held at `samples` steps in equal distances. */
export async function trainAndSample(
  script: string,
  folder: string,
  { steps, samples }: { steps: number; samples: number },
): Promise<Sampled[]> {
  const child = spawn(process.execPath, ['--expose-gc', script, folder, String(steps), String(samples)])
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text
    })
  }
  const code = await new Promise((resolve) => child.on('close', resolve))
  expect(code, written.stderr).toBe(0)
  return written.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** The slope of the line of least squares through points [x, y]. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0)
  return sum((x, y) => x * y) / sum((x) => x * x)
}
