import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

const require = createRequire(import.meta.url)

/** The modules of tfjs-core, one a file, as its tests import them. */
export const core = join(dirname(require.resolve('@tensorflow/tfjs-core/package.json')), 'dist')

const index = join(core, 'index.js')
const facade = '\0tfjs-facade'
/** CommonJS packages whose names Node cannot see, as modules of them. */
const commonJs = { seedrandom: '\0seedrandom', '@tensorflow/tfjs-core': '\0tfjs-core-in-node' }

/**
 * What loads our TypeScript sources and tfjs-core's extensionless modules, with one copy of tfjs-core for both.
 *
 * A test of tfjs-core that imports its index gets ours in the place of the functions named to `shadow`.
 */
export async function openLoader() {
  let facadeNames = []
  const server = await createServer({
    configFile: false,
    root: fileURLToPath(new URL('..', import.meta.url)),
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
    appType: 'custom',
    logLevel: 'error',
    resolve: { conditions: ['@ddnet/source'] },
    ssr: {
      resolve: { conditions: ['@ddnet/source'] },
      noExternal: ['seedrandom', /^@tensorflow\/tfjs-core/, /^@ddnet\//],
    },
    plugins: [
      {
        name: 'tfjs-core',
        enforce: 'pre',
        async resolveId(source, importer, options) {
          if (source === facade) return facade
          if (source === 'seedrandom') return commonJs.seedrandom
          // tfjs-node is ES5, and can only extend the ES5 classes of tfjs-core's build for Node.
          if (source === '@tensorflow/tfjs-core' && importer?.includes('/vendor/')) return commonJs[source]
          if (source === '@tensorflow/tfjs-core') return index
          if (importer === undefined || !importer.startsWith(core)) return
          const found = await this.resolve(source, importer, { ...options, skipSelf: true })
          return found?.id === index && importer.endsWith('_test.js') ? facade : found
        },
        load(id) {
          for (const [name, module] of Object.entries(commonJs)) {
            if (id !== module) continue
            return `import { createRequire } from 'node:module'
              export const { ${Object.keys(createRequire(index)(name)).join(', ')} } = createRequire(${JSON.stringify(index)})('${name}')`
          }
          if (id !== facade) return
          return [
            `export * from ${JSON.stringify(index)}`,
            `import { facade } from '/conformance/src/shared-names.ts'`,
            `export const { ${facadeNames.join(', ')} } = facade()`,
          ].join('\n')
        },
      },
    ],
  })
  return {
    load: (path) => server.ssrLoadModule(path),
    shadow: (names) => {
      facadeNames = names
    },
    close: () => server.close(),
  }
}
