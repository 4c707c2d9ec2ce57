/** WebGPU cannot run here. The message says exactly what is missing and how to get it. */
export class BackendUnavailable extends Error {
  override readonly name = 'BackendUnavailable'
}
