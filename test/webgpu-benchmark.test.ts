import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Result, section } from '../benchmarks/webgpu/table.ts'

const page = new URL('../docs/webgpu-kernels.md', import.meta.url)
const result: Result = JSON.parse(
  readFileSync(new URL('../benchmarks/results/webgpu-software.json', import.meta.url), 'utf8'),
)

/** Without spaces and runs of dashes, of which the formatter gives tables as many as their columns are wide. */
const unpadded = (text: string): string => text.replaceAll(' ', '').replace(/-+/g, '-')

test('the table of docs/webgpu-kernels.md is the committed result of the benchmark', () => {
  const [head, , tail] = readFileSync(page, 'utf8').split(/<!-- (?:\/)?benchmark -->\n/)
  const written = `${head}<!-- benchmark -->\n${section(result)}<!-- /benchmark -->\n${tail}`
  if (process.env['DDNET_WRITE_TABLES'] !== undefined) writeFileSync(page, written)
  expect(unpadded(readFileSync(page, 'utf8'))).toBe(unpadded(written))
})

test('in it no kernel takes longer than the stock one, and the step of DDNet at most a third', () => {
  expect(result.rows.length).toBeGreaterThan(50)
  const [step, ...kernels] = result.rows.map(({ name, same, own, stock }) => {
    if ('error' in stock) throw new Error(`${name}: ${stock.error}`)
    // Of the same programs, the time is the same but for noise.
    return { name, ratio: same ? 1 : stock.milliseconds / own.milliseconds }
  })
  expect(step?.name).toMatch(/^DDNet step/)
  expect(step?.ratio).toBeGreaterThanOrEqual(3)
  expect(kernels.filter(({ ratio }) => ratio < 1)).toEqual([])
})
