import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheDirectory } from './cache-directory.ts'

test.each([
  ['DDNET_CACHE', { DDNET_CACHE: '/data/cache', XDG_CACHE_HOME: '/xdg' }, 'linux', '/data/cache'],
  ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/xdg' }, 'linux', join('/xdg', 'ddnet')],
  ['the home folder', {}, 'linux', join(homedir(), '.cache', 'ddnet')],
  ['macOS', {}, 'darwin', join(homedir(), 'Library', 'Caches', 'ddnet')],
  ['Windows', { LOCALAPPDATA: '/local' }, 'win32', join('/local', 'ddnet')],
])('the cache is found by %s', (_, environment, platform, expected) => {
  expect(cacheDirectory(environment, platform)).toBe(expected)
})
