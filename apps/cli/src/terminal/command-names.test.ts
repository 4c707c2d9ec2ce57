import { expect, test } from 'vitest'
import { asCalled, commandNames, nameOfClone } from './command-names.ts'

test.each([
  ['/home/me/ddnet/apps/cli/dist/main.mjs', '/home/me/ddnet', 'node apps/cli/dist/main.mjs'],
  ['/home/me/my nets/apps/cli/dist/main.mjs', '/home/me', "node 'my nets/apps/cli/dist/main.mjs'"],
  ['/usr/local/bin/ddnet', '/home/me', undefined],
  ['/home/me/app/node_modules/ddnet/dist/main.mjs', '/home/me/app', undefined],
  ['/home/me/app/node_modules/.bin/ddnet', '/home/me/app', undefined],
])('%s run in %s is %j', (script, cwd, name) => {
  expect(nameOfClone(script, cwd)).toBe(name)
})

test('a command is named as npx calls it, and as the caller says', () => {
  expect(commandNames({}).ddnet).toBe('ddnet')
  expect(commandNames({ npm_command: 'exec' }).train).toBe('npx ddnet train cifar10')
  const env = { DDNET_COMMAND: 'node main.mjs', DDNET_TRAIN_COMMAND: 'npm start --' }
  expect(commandNames(env)).toMatchObject({ ddnet: 'node main.mjs', train: 'npm start --' })
})

test('npm start is named for the data that it trains on, and for no others', () => {
  const env = { DDNET_COMMAND: 'node main.mjs', DDNET_TRAIN_COMMAND: 'npm start --' }
  const { trainOn, resume } = commandNames(env)
  expect([trainOn('cifar10'), resume('cifar10')]).toEqual(['npm start --', 'npm start -- --resume'])
  expect([trainOn('mnist'), resume('mnist')]).toEqual(['node main.mjs train mnist', 'node main.mjs train --resume'])
  expect(commandNames({}).resume('cifar10')).toBe('ddnet train --resume')
})

test('commands within a message are renamed, and nothing else is', () => {
  const env = { DDNET_COMMAND: 'node $&.mjs' }
  expect(asCalled('Run npx ddnet doctor, or `ddnet data inspect`: ddnet trains, my-ddnet evaluates', env)).toBe(
    'Run node $&.mjs doctor, or `node $&.mjs data inspect`: ddnet trains, my-ddnet evaluates',
  )
})
