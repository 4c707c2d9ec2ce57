import { expect, test } from 'vitest'
import { wordAtHome } from './home.ts'

test.each([
  ['~', '/home/you'],
  ['~/photos', '/home/you/photos'],
  ['folder=~/photos', 'folder=/home/you/photos'],
  ['data.directory=~/a b', 'data.directory=/home/you/a b'],
  ['--config=~/a.yaml', '--config=/home/you/a.yaml'],
  ['~other/photos', '~other/photos'],
  ['a~/b', 'a~/b'],
  ['name=~x', 'name=~x'],
  ['./~/x', './~/x'],
  ['epochs=3', 'epochs=3'],
])('%s is %s', (word, path) => {
  expect(wordAtHome(word, '/home/you')).toBe(path)
})
