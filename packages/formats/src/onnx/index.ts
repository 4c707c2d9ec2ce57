export { type ExportableModel, type ExportOnnxOptions, exportOnnx } from './export-onnx.ts'
export { OnnxError } from './onnx-error.ts'
export type { Forward } from './trace.ts'
