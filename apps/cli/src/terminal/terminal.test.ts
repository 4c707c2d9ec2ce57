import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { shareBar } from './bar.ts'
import { formatBytes, formatDuration, formatPercent, formatRate, formatSpeed } from './format.ts'
import { liveLine } from './live-line.ts'
import { createCommandLogger } from './logger.ts'
import { type Progress, progressBar, progressLine } from './progress-line.ts'
import { shellWord } from './shell-word.ts'
import { sparkline } from './sparkline.ts'
import { isLive, styleFor } from './style.ts'
import { stripColor, table, visibleLength } from './table.ts'

const progress: Progress = {
  label: 'epoch 3/10',
  done: 391,
  total: 782,
  secondsAStep: 1 / 31,
  loss: 1.2,
  learningRate: 1e-3,
  secondsLeft: 42,
  dataShare: 0,
}

describe('the progress line', () => {
  test.each([
    [100, 'epoch 3/10 ━━━━━━━━━━━━━━━─────────────── 391/782 31 it/s loss 1.20 lr 1e-3 eta 0:42'],
    [79, 'epoch 3/10 ━━━━━━━━━━━━───────────── 391/782 31 it/s loss 1.20 lr 1e-3 eta 0:42'],
    [60, 'epoch 3/10 ━━━─── 391/782 31 it/s loss 1.20 lr 1e-3 eta 0:42'],
    [50, 'epoch 3/10 ━━── 391/782 loss 1.20 lr 1e-3 eta 0:42'],
    [40, 'epoch 3/10 ━━━━━━────── 391/782 eta 0:42'],
    [20, 'epoch 3/10 391/782'],
  ])('at %i columns', (columns, line) => {
    expect(progressLine(progress, columns)).toBe(line)
  })

  test('fills the width up to a bar of 30', () => {
    expect(progressLine(progress, 79)).toHaveLength(79)
    expect(progressLine(progress, 300).match(/[━─]/g)).toHaveLength(30)
  })

  test('shows the share of time spent waiting for data', () => {
    expect(progressLine({ ...progress, dataShare: 0.123 }, 100)).toContain(' data 12% ')
  })

  test('counts keep their place while they grow', () => {
    expect(progressLine({ ...progress, done: 7 }, 100)).toContain('   7/782 ')
  })

  test('the bar is full exactly at the end', () => {
    expect(progressBar(0.999, 10)).toBe('━━━━━━━━━─')
    expect(progressBar(1, 10)).toBe('━━━━━━━━━━')
    expect(progressBar(0, 10)).toBe('──────────')
  })
})

test.each([
  [0, '0:00'],
  [59.6, '1:00'],
  [754, '12:34'],
  [3723, '1:02:03'],
])('%f seconds are %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

test('learning rates are short', () => {
  expect([4e-3, 1.6e-4, 0, 1].map(formatRate)).toEqual(['4e-3', '1.6e-4', '0', '1'])
})

test('speed is steps a second, or seconds a step when slow', () => {
  expect([1 / 31, 0.4, 1, 2.5].map(formatSpeed)).toEqual(['31 it/s', '2.5 it/s', '1.0 it/s', '2.5 s/it'])
})

test('percent never rounds up to all', () => {
  expect([0.7654, 0.99999, 1, 0].map(formatPercent)).toEqual(['76.5%', '99.9%', '100.0%', '0.0%'])
})

test('bytes have three digits', () => {
  expect([0, 982_000, 1.234e9, 42].map(formatBytes)).toEqual(['0 B', '982 kB', '1.23 GB', '42 B'])
})

test('a share bar is exact to an eighth', () => {
  expect([0, 0.5, 1, 1 / 16].map((share) => shareBar(share, 2))).toEqual(['', '█', '██', '▏'])
})

test('a sparkline runs from lowest to highest', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█')
  expect(sparkline([3, 3])).toBe('▁▁')
  expect(sparkline([1, 1, 0, 0], 2)).toBe('█▁')
  expect(sparkline([])).toBe('')
})

test('table columns align, color codes take no room', () => {
  expect(
    table(
      [
        ['a', '1'],
        ['\x1b[31mbb\x1b[39m', '22'],
      ],
      { right: [1] },
    ).map(stripColor),
  ).toEqual(['a    1', 'bb  22'])
  expect(visibleLength('\x1b[31m━\x1b[39m')).toBe(1)
})

test('a word for a shell is in quotes where it has to be', () => {
  expect(['folder=./photos-2', 'my photos', "it's", 'a[1]'].map(shellWord)).toEqual([
    'folder=./photos-2',
    "'my photos'",
    "'it'\\''s'",
    "'a[1]'",
  ])
})

test('a command that is broken over lines is the same to a shell', () => {
  let text = ''
  const words = [
    'folder=/home/me/my best photos of the year',
    "it's 'quoted'",
    'a\\b',
    'model.channels=[4,4]',
    'seed=1',
  ]
  const command = `printf [%s] ${[...words, ...words].map(shellWord).join(' ')}`
  createCommandLogger({ stderr: { write: (part) => (text += part), columns: 60 }, env: {} })(
    'go on',
    command,
    '(a note)',
  )
  const lines = text.trimEnd().split('\n')
  expect(lines.pop()).toBe('          (a note)')
  expect(lines.length).toBeGreaterThan(3)
  for (const line of lines) expect(line.length).toBeLessThan(60)
  const { stdout } = spawnSync('sh', ['-c', lines.join('\n').replace('go on', '')], { encoding: 'utf8' })
  expect(stdout).toBe([...words, ...words].map((word) => `[${word}]`).join(''))
})

describe('color', () => {
  const terminal = { write: () => true, isTTY: true }
  const file = { write: () => true }
  const red = (output: typeof file, env: Record<string, string>) => styleFor(output, env)('red', 'x') !== 'x'

  test('is for terminals', () => {
    expect([red(terminal, {}), red(file, {}), red(terminal, { TERM: 'dumb' })]).toEqual([true, false, false])
  })

  test('NO_COLOR turns it off, FORCE_COLOR on', () => {
    expect(red(terminal, { NO_COLOR: '1' })).toBe(false)
    expect(red(terminal, { NO_COLOR: '' })).toBe(true)
    expect(red(file, { FORCE_COLOR: '1' })).toBe(true)
    expect(red(terminal, { FORCE_COLOR: '0' })).toBe(false)
    expect(red(file, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(false)
  })

  test('a live line is for terminals outside CI', () => {
    expect(isLive(terminal, {})).toBe(true)
    expect([isLive(terminal, { CI: 'true' }), isLive(file, {}), isLive(terminal, { TERM: 'dumb' })]).toEqual([
      false,
      false,
      false,
    ])
  })
})

describe('the live line', () => {
  const written = (output: { isTTY?: boolean; columns?: number }) => {
    let text = ''
    const stderr = { ...output, write: (part: string) => (text += part) }
    return { stderr, text: () => text }
  }

  test('writes nothing to a file', () => {
    const { stderr, text } = written({})
    const line = liveLine({ stderr, env: {} })
    line.update(() => 'x')
    line.clear()
    expect([line.live, text()]).toEqual([false, ''])
  })

  test('leaves the last column free and waits between updates', () => {
    const { stderr, text } = written({ isTTY: true, columns: 40 })
    const times = [0, 0, 50, 150, 150]
    const line = liveLine({ stderr, env: {} }, () => times.shift() ?? 1000)
    const widths: number[] = []
    for (let turn = 0; turn < 3; turn++)
      line.update((columns) => {
        widths.push(columns)
        return `line ${turn}`
      })
    expect(widths).toEqual([39, 39])
    expect(text()).toContain('line 0')
    expect(text()).not.toContain('line 1')
    expect(text()).toContain('line 2')
  })
})
