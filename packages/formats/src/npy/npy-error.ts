/** A `.npy` or `.npz` file, or arrays to be written as one, that do not obey the format or hold what we do not read. */
export class NpyError extends Error {
  override readonly name = 'NpyError'
}
