import { fileURLToPath } from 'node:url'
import { build, defaultClientConditions, type Rolldown } from 'vite'
import { expect, test } from 'vitest'

test("the browser's bundle holds nothing of Node's", async () => {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: { conditions: ['@ddnet/source', ...defaultClientConditions] },
    build: {
      write: false,
      rolldownOptions: { external: '@ddnet/ops' },
      minify: false,
      lib: { entry: fileURLToPath(new URL('../src/index.ts', import.meta.url)), formats: ['es'], fileName: 'datasets' },
    },
  })
  const { output } = (result as Rolldown.RolldownOutput[])[0] as Rolldown.RolldownOutput
  const chunks = output.filter((chunk) => chunk.type === 'chunk')
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds)
  expect(modules.some((id) => id.endsWith('/cifar10/local.browser.ts'))).toBe(true)
  expect(modules.filter((id) => /local\.node|src\/node\/|fast-png|browser-external/.test(id))).toEqual([])
  expect(chunks.flatMap(({ imports }) => imports)).toEqual(['@ddnet/ops'])
  expect(chunks.map(({ code }) => code).join()).not.toContain('node:')
})
