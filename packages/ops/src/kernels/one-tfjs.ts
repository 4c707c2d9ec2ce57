import { version_core } from '@tensorflow/tfjs-core'
import { BackendUnavailable } from './backend.ts'

/** The version that our kernels and gradients are made for: they use names and insides of its engine. */
const madeFor = '4.22.0'

/** A copy of tfjs-core, and who has it. */
interface Copy {
  readonly version: string
  readonly owner: string
}

/**
 * Copies of tfjs-core share one engine, one registry of kernels and one of gradients, which the first that is loaded makes: of one
 * version any number of them are as one. Another version may have made the engine that ours run in, so each backend asks this
 * before it starts. In Node all copies that are loaded are seen, in a page those of these packages.
 *
 * @param backend whose error it would be: `wasm`
 * @param version that of the backend's own copy, its `version_core`
 * @throws BackendUnavailable naming each other version and who has it
 */
export function expectOneTfjs(backend: string, version: string): void {
  const copies: readonly Copy[] = [
    { version: version_core, owner: '@ddnet/ops' },
    { version, owner: `the backend ${backend}` },
    ...loadedInNode(),
  ]
  const others = copies.filter((copy) => copy.version !== madeFor)
  if (others.length === 0) return
  const found = [...new Set(others.map((other) => `${other.version} of ${other.owner}`))].join(' and ')
  throw new BackendUnavailable(
    `${backend}: expected @tensorflow/tfjs-core ${madeFor} and no other version, found ${found}. All copies in a process share one engine. Install ${madeFor} wherever another one is asked for: \`npm ls @tensorflow/tfjs-core\` says where.`,
  )
}

/** What Node's `require.cache` knows, in which tfjs-core is, as it is CommonJS there; nothing in a page. */
function loadedInNode(): Copy[] {
  const { createRequire } = globalThis.process?.getBuiltinModule?.('node:module') ?? {}
  const modules = createRequire === undefined ? {} : createRequire(import.meta.url).cache
  return Object.values(modules).flatMap((loaded) => {
    if (!/[\\/]@tensorflow[\\/]tfjs-core[\\/]/.test(loaded?.filename ?? '')) return []
    const { version_core: version }: { version_core?: unknown } = loaded?.exports ?? {}
    return typeof version === 'string' ? [{ version, owner: loaded?.filename ?? '' }] : []
  })
}
