/** A safetensors file, or tensors to be written as one, that do not obey the format. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError'

  constructor(what: string) {
    super(`safetensors: ${what}`)
  }
}
