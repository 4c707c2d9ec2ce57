import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleScript } from '@ddnet/testing/bundle'
import { afterAll, beforeAll } from 'vitest'

// Node finds tfjs's packages, with their binaries, from a folder in that of the backend that needs them.
const beside = fileURLToPath(new URL('../../backend-wasm/node_modules/', import.meta.url))

/** A TypeScript module of these tests as one file that plain Node starts at once; it goes after the tests of a file. */
export function bundled(module: URL): () => string {
  let outDir: string
  let script: string
  beforeAll(async () => {
    outDir = await mkdtemp(path.join(beside, '.ddnet-trainer-'))
    script = await bundleScript(module, outDir, ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'])
  })
  afterAll(() => rm(outDir, { recursive: true, force: true }))
  return () => script
}
