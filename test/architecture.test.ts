import { readdirSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { entryOf } from '@ddnet/testing'
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
  models: ['ops', 'layers', 'losses', 'formats'],
  losses: ['ops'],
  metrics: ['ops', 'losses'],
  optimizers: ['ops'],
  datasets: ['ops'],
  formats: ['ops'],
  visuals: ['ops'],
  trainer: ['ops', 'layers', 'losses', 'metrics', 'optimizers', 'datasets', 'formats'],
  tasks: ['ops', 'layers', 'losses', 'metrics', 'trainer', 'visuals'],
  experiment: ['ops', 'layers', 'metrics', 'models', 'optimizers', 'datasets', 'tasks', 'trainer', 'visuals'],
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

const root = fileURLToPath(new URL('..', import.meta.url))

/** Sources of packages and apps that import each other in circles, each circle sorted; types count, too. */
function importCircles(): string[][] {
  const files = ['packages', 'apps']
    .flatMap((folder) => readdirSync(resolve(root, folder), { recursive: true, withFileTypes: true }))
    .filter(
      ({ name, parentPath }) =>
        /\.ts$/.test(name) && /\/src(\/|$)/.test(parentPath) && !/node_modules/.test(parentPath),
    )
    .map(({ name, parentPath }) => resolve(parentPath, name))
  const imported = new Map(
    files.map((file) => [
      file,
      [...readFileSync(file, 'utf8').matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+\.ts)'/g)].map(([, path = '']) =>
        resolve(dirname(file), path),
      ),
    ]),
  )
  // Tarjan's strongly connected components.
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (file: string): number => {
    let low = order.size
    const own = low
    order.set(file, own)
    open.push(file)
    for (const next of imported.get(file) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, entryOf(order, next))
    }
    if (low === own) {
      const circle = open.splice(open.indexOf(file))
      if (circle.length > 1) circles.push(circle.map((each) => each.slice(root.length)).sort())
    }
    return low
  }
  for (const file of files) if (!order.has(file)) visit(file)
  return circles
}

/** What is being taken apart: what needs each other in one layer. */
const stillCircular = /^packages\/(layers|trainer)\//

test('no import leads back to where it came from', () => {
  expect(importCircles().filter((circle) => !circle.every((file) => stillCircular.test(file)))).toEqual([])
})
