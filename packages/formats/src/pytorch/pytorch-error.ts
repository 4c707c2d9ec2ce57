/** A PyTorch checkpoint that is damaged, or holds what is not read. */
export class PyTorchError extends Error {
  override readonly name = 'PyTorchError'
}
