import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Rolldown } from 'vite'

/** A page of this folder as Vite bundles it from the sources. */
export async function buildPage(name: string, outDir: string): Promise<Rolldown.OutputChunk[]> {
  const result = (await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL(name, import.meta.url)),
    resolve: { conditions: ['@ddnet/source', ...defaultClientConditions] },
    worker: { format: 'es' },
    build: { outDir, emptyOutDir: true, minify: false },
  })) as Rolldown.RolldownOutput
  return result.output.filter((chunk) => chunk.type === 'chunk')
}
