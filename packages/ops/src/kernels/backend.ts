/** A backend that was started: where tensors live and kernels run. */
export interface Backend {
  /** The engine's name of it: 'wasm', 'webgpu' or 'tensorflow'. */
  readonly name: string
  /** What really computes: an adapter's or a device's description. */
  readonly device: string
  /**
   * Compiles ahead of use, off this thread, what `run` needs; `run` computes nothing meanwhile, and its results must be
   * disposed. Absent where nothing is compiled.
   */
  prepare?(run: () => void, onProgress?: (progress: { done: number; total: number }) => void): Promise<void>
  /** Frees everything that lives on it. */
  dispose(): void
}

/** A backend cannot start here. The message names what is missing and the remedy. */
export class BackendUnavailable extends Error {
  override readonly name = 'BackendUnavailable'
}
