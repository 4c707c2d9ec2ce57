/** A checkpoint that cannot be written or read: the message names the file and the remedy. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
}
