export {
  type ExportableModel,
  type ExportOnnxOptions,
  type ExportQuantizedOnnxOptions,
  exportOnnx,
  exportQuantizedOnnx,
  type QuantizedOnnx,
} from './export-onnx.ts'
export { OnnxError } from './onnx-error.ts'
export type { QuantizedLayer } from './quantize.ts'
export type { Forward } from './trace.ts'
