import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultServerConditions } from 'vite'
import { afterAll, beforeAll } from 'vitest'

// Node finds tfjs's packages, with their binaries, from a folder in that of the backend that needs them.
const beside = fileURLToPath(new URL('../../backend-wasm/node_modules/', import.meta.url))

/** A TypeScript module of these tests as one file that plain Node starts at once; it goes after the tests of a file. */
export function bundled(module: URL): () => string {
  let outDir: string
  beforeAll(async () => {
    outDir = await mkdtemp(path.join(beside, '.ddnet-trainer-'))
    await build({
      configFile: false,
      logLevel: 'error',
      root: fileURLToPath(new URL('..', import.meta.url)),
      ssr: {
        noExternal: true,
        external: ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm', 'sharp'],
        resolve: { conditions: ['@ddnet/source', ...defaultServerConditions] },
      },
      build: {
        ssr: fileURLToPath(module),
        outDir,
        rolldownOptions: { output: { entryFileNames: 'main.mjs' } },
      },
    })
  })
  afterAll(() => rm(outDir, { recursive: true, force: true }))
  return () => path.join(outDir, 'main.mjs')
}
