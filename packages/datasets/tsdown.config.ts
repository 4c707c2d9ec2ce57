import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    'local.browser': 'src/cifar10/local.browser.ts',
    'local.node': 'src/cifar10/local.node.ts',
  },
  // #local-cifar10 stays an import, which package.json leads to local.browser or local.node.
  deps: { neverBundle: [/^#/, /^node:/] },
})
