import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    'decode-image.browser': 'src/images/decode-image.browser.ts',
    'decode-image.node': 'src/images/decode-image.node.ts',
    'local.browser': 'src/cifar10/local.browser.ts',
    'local.node': 'src/cifar10/local.node.ts',
  },
  // #local-cifar10 and #decode-image stay imports, which package.json leads to the browser's file or Node's.
  deps: { neverBundle: [/^#/, /^node:/] },
})
