import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    node: 'src/node.ts',
    'storage.browser': 'src/storage/storage.browser.ts',
    'storage.node': 'src/storage/storage.node.ts',
  },
  // #storage stays an import, which package.json leads to storage.browser or storage.node.
  deps: { neverBundle: [/^#/, /^node:/] },
})
