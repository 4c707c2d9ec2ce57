import { defineConfig } from 'tsdown'
import base from '../../tsdown.base.ts'

export default defineConfig({
  ...base,
  entry: {
    index: 'src/index.ts',
    onnx: 'src/onnx/index.ts',
    'file-source.browser': 'src/safetensors/file-source.browser.ts',
    'file-source.node': 'src/safetensors/file-source.node.ts',
  },
  // #file-source stays an import, which package.json leads to the browser's or Node's.
  deps: { neverBundle: [/^#/, /^node:/] },
})
