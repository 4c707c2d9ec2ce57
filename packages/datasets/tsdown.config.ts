import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

// #local-cifar10 stays an import, which package.json leads to local.browser or local.node.
export default defineConfig({
  ...base,
  entry: ['src/index.ts', 'src/node.ts', 'src/cifar10/local.browser.ts', 'src/cifar10/local.node.ts'],
  deps: { neverBundle: [/^#/, /^node:/] },
})
