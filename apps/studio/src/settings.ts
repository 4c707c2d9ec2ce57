import type { PageBackend } from './start-backend.ts'

/** All that decides a run, kept in the page's address. */
export interface PageSettings {
  readonly steps: number
  readonly batchSize: number
  readonly seed: number
  /** How many images each validation measures. */
  readonly validationImages: number
  readonly backend: PageBackend
}

export const defaults: PageSettings = { steps: 300, batchSize: 64, seed: 0, validationImages: 200, backend: 'auto' }

const ranges = {
  steps: [1, 1_000_000],
  batchSize: [2, 4096],
  seed: [0, 2 ** 32 - 1],
  validationImages: [1, 5_000],
} as const

const backends: readonly PageBackend[] = ['auto', 'webgpu', 'wasm']

/**
 * Reads the settings of an address such as `?steps=10&backend=wasm`; what it leaves out is the default.
 * @throws RangeError naming the parameter, its value and what was expected
 */
export function readSettings(search: string): PageSettings {
  const parameters = new URLSearchParams(search)
  for (const name of parameters.keys()) {
    if (!(name in defaults)) {
      throw new RangeError(`?${name}: unknown setting. There are ${Object.keys(defaults).join(', ')}.`)
    }
  }
  const count = (name: keyof typeof ranges): number => {
    const text = parameters.get(name)
    if (text === null) return defaults[name]
    const [least, most] = ranges[name]
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) {
      throw new RangeError(`?${name}: expected a whole number from ${least} to ${most}, got "${text}".`)
    }
    return value
  }
  const backend = parameters.get('backend') ?? defaults.backend
  if (!backends.includes(backend as PageBackend)) {
    throw new RangeError(`?backend: expected ${backends.join(', ')}, got "${backend}".`)
  }
  return {
    steps: count('steps'),
    batchSize: count('batchSize'),
    seed: count('seed'),
    validationImages: count('validationImages'),
    backend: backend as PageBackend,
  }
}

/** The address of these settings; defaults are left out. */
export function writeSettings(settings: PageSettings): string {
  const changed = Object.entries(settings).filter(([name, value]) => value !== defaults[name as keyof PageSettings])
  return changed.length === 0 ? '' : `?${new URLSearchParams(changed.map(([name, value]) => [name, String(value)]))}`
}
