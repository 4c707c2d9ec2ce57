import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    'storage.browser': 'src/checkpoint/storage.browser.ts',
    'storage.node': 'src/checkpoint/storage.node.ts',
  },
  // #storage stays an import, which package.json leads to storage.browser or storage.node.
  deps: { neverBundle: [/^#/, /^node:/] },
})
