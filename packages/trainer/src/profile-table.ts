import type { Profile } from './profile.ts'

/**
 * A profile in lines of at most 80 columns: the parts of a step, memory, and the most expensive kernels.
 * @param options.rows how many kernels are shown
 */
export function profileTable(
  { steps, milliseconds, kernels, memory }: Profile,
  { rows = 20 }: { readonly rows?: number } = {},
): string {
  const share = (part: number) => `${((100 * part) / milliseconds.step).toFixed(1)}%`.padStart(7)
  const time = (value: number) => value.toFixed(value < 10 ? 2 : 1).padStart(9)
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`
  const { step, ...parts } = milliseconds
  const shown = kernels.slice(0, rows)
  const rest = kernels.slice(rows)
  const sum = (of: (row: Profile['kernels'][number]) => number) => rest.reduce((total, row) => total + of(row), 0)
  return [
    `${`a step, mean of ${steps}`.padEnd(46)}${time(step)} ms`,
    ...Object.entries(parts).map(([name, value]) => `${`  ${name}`.padEnd(46)}${time(value)} ms${share(value)}`),
    `memory  ${memory.tensors} tensors, ${megabytes(memory.bytes)} before a step; at most ${memory.peakTensors}, ${megabytes(memory.peakBytes)}`,
    '',
    `${'kernel'.padEnd(28)} ${'phase'.padEnd(9)}${'calls'.padStart(7)} ${'own ms'.padStart(9)}${'share'.padStart(8)}`,
    ...shown.map(
      ({ kernel, phase, calls, milliseconds }) =>
        `${kernel.slice(0, 28).padEnd(28)} ${phase.padEnd(9)}${count(calls).padStart(7)} ${time(milliseconds)} ${share(milliseconds)}`,
    ),
    ...(rest.length === 0
      ? []
      : [
          `${`${rest.length} more`.padEnd(38)}${count(sum(({ calls }) => calls)).padStart(7)} ${time(sum(({ milliseconds }) => milliseconds))} ${share(sum(({ milliseconds }) => milliseconds))}`,
        ]),
  ].join('\n')
}

const count = (calls: number): string => (Number.isInteger(calls) ? String(calls) : calls.toFixed(1))
