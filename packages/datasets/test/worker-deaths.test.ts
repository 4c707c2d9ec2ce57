import { useBackend } from '@ddnet/testing'
import { bundleScript } from '@ddnet/testing/bundle'
import { beforeAll, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { endWorkers } from './worker-deaths.ts'

beforeAll(() => useBackend('cpu'))

test('a worker that ends at a random moment, five times: the loader says so and leaves nothing', async () => {
  const script = await bundleScript(new URL('./samples.worker.ts', import.meta.url), await temporaryFolder())
  await endWorkers(script, { deaths: 5, seed: 1 })
})
