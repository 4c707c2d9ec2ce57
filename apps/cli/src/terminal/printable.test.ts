import { expect, test } from 'vitest'
import type { Output } from './io.ts'
import { guarded, printable } from './printable.ts'

test.each([
  ['cat', 'cat'],
  ['Größe 猫 👩‍🚀', 'Größe 猫 👩‍🚀'],
  ['\x1b[2J\x1b[31mred', '\\u001b[2J\\u001b[31mred'],
  ['\x1b]8;;http://bad\x07click\x1b]8;;\x07', '\\u001b]8;;http://bad\\u0007click\\u001b]8;;\\u0007'],
  ['two\nlines\r\ttab', 'two\\nlines\\r\\ttab'],
  ['\x9b2J\x7f\0', '\\u009b2J\\u007f\\u0000'],
  ['photo\u202egnp.exe', 'photo\\u202egnp.exe'],
  ['\u2066a\u2069\u2028b', '\\u2066a\\u2069\\u2028b'],
])('%j is shown as %s', (name, shown) => {
  expect(printable(name)).toBe(shown)
})

const written = (text: string, env: Record<string, string> = {}) => {
  let all = ''
  const output: Output = { write: (each) => (all += each), isTTY: true, columns: 80 }
  const io = guarded({
    stdout: output,
    stderr: output,
    env,
    cwd: '/',
    onSignal: () => () => {},
    ignoreHangup: () => () => {},
    exit: () => {},
  })
  io.stdout.write(text)
  return all
}

test('streams let lines, tabs and colors pass, and nothing else that steers', () => {
  expect(written('\x1b[32mgood\x1b[39m\n\ta\x1b[1Ab\x1b[?25l\r\n')).toBe(
    '\x1b[32mgood\x1b[39m\n\ta\\u001b[1Ab\\u001b[?25l\\r\n',
  )
})

test('without colors, not even colors', () => {
  expect(written('\x1b[32mgood', { NO_COLOR: '1' })).toBe('\\u001b[32mgood')
})

test('JSON stays what it says', () => {
  const value = { name: 'a\u202eb\x9bc\x1bd\x7f' }
  expect(JSON.parse(written(JSON.stringify(value), { NO_COLOR: '1' }))).toEqual(value)
})
