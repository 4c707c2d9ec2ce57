import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultServerConditions } from 'vite'

/** A script of this folder as one file in `outDir`, which plain Node runs. */
export async function bundleScript(name: string, outDir: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    ssr: {
      noExternal: true,
      external: ['sharp'],
      resolve: { conditions: ['@ddnet/source', ...defaultServerConditions] },
    },
    build: {
      ssr: fileURLToPath(new URL(`${name}.ts`, import.meta.url)),
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  })
  return join(outDir, `${name}.mjs`)
}
