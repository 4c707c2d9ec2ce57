import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, defaultServerConditions } from 'vite'

/**
 * A TypeScript module as one file in `outDir`, with the workspace's packages from their sources: plain Node starts it at once.
 *
 * @param external packages that Node is to find from `outDir`; everything else but sharp is in the file
 * @returns the file's path
 */
export async function bundleScript(module: URL, outDir: string, external: readonly string[] = []): Promise<string> {
  const file = `${basename(fileURLToPath(module), '.ts')}.mjs`
  await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('.', module)),
    ssr: {
      noExternal: true,
      external: ['sharp', ...external],
      resolve: { conditions: ['@ddnet/source', ...defaultServerConditions] },
    },
    build: {
      ssr: fileURLToPath(module),
      outDir,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: file } },
    },
  })
  return join(outDir, file)
}
