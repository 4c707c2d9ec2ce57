import { expect, test } from 'vitest'
import { liveLine } from '../src/terminal/live-line.ts'
import { screen } from './screen.ts'

test('a line that is written over is what it is last', () => {
  expect(screen('one\ntwo\rTW\n')).toEqual(['one', 'TWo'])
  expect(screen('one\ntwo\x1b[2K\x1b[1A\x1b[2K\x1b[Gnew')).toEqual(['new'])
  expect(screen('abcdef\x1b[3G\x1b[K')).toEqual(['ab'])
  expect(screen('a\nb\nc\x1b[2A\x1b[J')).toEqual(['a'])
  expect(screen('\x1b[32mgreen\x1b[39m')).toEqual(['green'])
})

test('a code that it does not know is an error', () => {
  expect(() => screen('\x1b[3X')).toThrow('unknown code "\\u001b[3X"')
  expect(() => screen('\x07')).toThrow('unknown control character')
})

test('a live line is there until it is cleared', () => {
  let text = ''
  const stderr = { isTTY: true, columns: 80, write: (part: string) => (text += part) }
  const line = liveLine({ stderr, env: {} })
  stderr.write('before\n')
  line.update(() => 'live')
  expect(screen(text)).toEqual(['before', 'live'])
  line.clear()
  stderr.write('after\n')
  expect(screen(text)).toEqual(['before', 'after'])
})
