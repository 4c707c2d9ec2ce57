/** A model that cannot be exported to ONNX. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError'
}
