import base from '../../tsdown.base.ts'

export default {
  ...base,
  entry: { index: 'src/index.ts', onnx: 'src/onnx/index.ts' },
}
