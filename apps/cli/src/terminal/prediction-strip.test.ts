import { blank } from '@ddnet/visuals'
import { expect, test } from 'vitest'
import { predictionStrip, showsPictures } from './prediction-strip.ts'
import { plain } from './style.ts'
import { stripColor } from './table.ts'

const samples = Array.from({ length: 8 }, (_, index) => ({
  image: blank(32, 32, [index, 0, 0]),
  predicted: 'automobile',
  confidence: 0.934,
  actual: 'truck',
}))

test('five pictures fit into 80 columns, each 14 wide and 7 high, with two lines of names', () => {
  const lines = stripColor(predictionStrip(samples, 80, plain))
    .split('\n')
    .slice(0, -1)
  expect(lines).toHaveLength(7 + 2)
  for (const line of lines.slice(0, 7)) expect(line).toBe(Array(5).fill('▀'.repeat(14)).join('  '))
  expect(lines[7]?.trimEnd()).toBe(Array(5).fill('automobile 93%').join('  '))
  expect(lines[8]?.trimEnd()).toBe(Array(5).fill('is truck      ').join('  ').trimEnd())
})

test('a narrow terminal shows fewer', () => {
  expect(stripColor(predictionStrip(samples, 40, plain)).split('\n')[0]).toBe(Array(2).fill('▀'.repeat(14)).join('  '))
})

test('pictures need a terminal that says it has 24-bit color', () => {
  expect([{ COLORTERM: 'truecolor' }, { COLORTERM: '24bit' }, {}].map(showsPictures)).toEqual([true, true, false])
})
