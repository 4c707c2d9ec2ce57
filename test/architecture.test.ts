import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const packages = new URL('../packages/', import.meta.url)
const manifest = (name: string) => JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), 'utf8'))
const internal = (name: string): string[] =>
  Object.keys(manifest(name).dependencies ?? {})
    .filter((dependency) => dependency.startsWith('@ddnet/'))
    .map((dependency) => dependency.slice('@ddnet/'.length))

/** What each package may stand on; ARCHITECTURE.md has the picture. */
const allowed: Record<string, string[]> = {
  ops: [],
  layers: ['ops'],
  models: ['ops', 'layers', 'formats'],
  losses: ['ops'],
  metrics: ['ops'],
  optimizers: ['ops'],
  datasets: ['ops'],
  formats: ['ops'],
  visuals: ['ops'],
  trainer: ['ops', 'layers', 'losses', 'metrics', 'optimizers', 'datasets', 'formats'],
  tasks: ['ops', 'layers', 'losses', 'metrics', 'trainer', 'visuals'],
  'backend-wasm': ['ops'],
  'backend-webgpu': ['ops'],
  'backend-node': ['ops'],
  testing: ['ops', 'backend-wasm', 'backend-webgpu', 'backend-node'],
}

test('every package has a place in the architecture', () => {
  expect(readdirSync(packages).sort()).toEqual(Object.keys(allowed).sort())
})

test.each(Object.entries(allowed))('%s stands only on %j', (name, edges) => {
  expect(internal(name).filter((dependency) => !edges.includes(dependency))).toEqual([])
})

test('only ops and the backends touch tfjs', () => {
  const touching = Object.keys(allowed).filter((name) =>
    Object.keys(manifest(name).dependencies ?? {}).some((dependency) => dependency.startsWith('@tensorflow/')),
  )
  expect(touching.sort()).toEqual(['backend-node', 'backend-wasm', 'backend-webgpu', 'ops', 'testing'])
})
