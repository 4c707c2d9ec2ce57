import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

/** Loads a TypeScript module of this folder, the packages from their sources: nothing needs to be built first. */
export async function loadSources(name) {
  const resolve = { conditions: ['@ddnet/source'] }
  const server = await createServer({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    resolve,
    ssr: { resolve, external: true, noExternal: [/^@ddnet\//] },
  })
  try {
    return await server.ssrLoadModule(fileURLToPath(new URL(name, import.meta.url)))
  } finally {
    // Modules that are imported later, on demand, still come from it; it must not keep the process alive.
    process.once('beforeExit', () => server.close())
  }
}
