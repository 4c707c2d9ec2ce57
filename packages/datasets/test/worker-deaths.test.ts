import { useBackend } from '@ddnet/testing'
import { beforeAll, test } from 'vitest'
import { bundleScript } from './bundle-script.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { endWorkers } from './worker-deaths.ts'

beforeAll(() => useBackend('cpu'))

test('a worker that ends at a random moment, five times: the loader says so and leaves nothing', async () => {
  const script = await bundleScript('samples.worker', await temporaryFolder())
  await endWorkers(script, { deaths: 5, seed: 1 })
})
