import { recordFigures, useBackend } from '@ddnet/testing'
import { bundleScript } from '@ddnet/testing/bundle'
import { beforeAll, test } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'
import { endWorkers } from './worker-deaths.ts'

beforeAll(() => useBackend('cpu'))
// Other moments every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

test(`a worker that ends at a random moment, 200 times (DDNET_SEED=${seed})`, async () => {
  const script = await bundleScript(new URL('./samples.worker.ts', import.meta.url), await temporaryFolder())
  await endWorkers(script, { deaths: 200, seed })
  const how = 'the loader fails at once with a SampleError that says so; no tensor stays'
  recordFigures('cases', 'a worker of a dataset dies', { tries: 200, well: 200, how })
})
