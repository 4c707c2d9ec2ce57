/** A safetensors file, or tensors to be written as one, that do not obey the format. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError'

  constructor(what: string, options?: ErrorOptions) {
    super(`safetensors: ${what}`, options)
  }
}
