import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import path from 'node:path'

// What `kill/train.ts` leaves in a folder.

/** Which checkpoints are the last and the best one. */
export const index = (folder: string): { last: { name: string; step: number }; best: { name: string } } =>
  JSON.parse(readFileSync(path.join(folder, 'checkpoints/index.json'), 'utf8'))

export const checkpointOf = (step: number): string => `step=${String(step).padStart(6, '0')}`

/** SHA-256 of the files of a checkpoint, in which are weights, optimizer, randomness, data position and metrics. */
export function checksum(folder: string, name: string): string {
  const hash = createHash('sha256')
  for (const file of ['model.safetensors', 'optimizer.safetensors', 'state.json']) {
    hash.update(readFileSync(path.join(folder, 'checkpoints', name, file)))
  }
  return hash.digest('hex')
}

/** The lines of the log, without what the clock said. */
export const log = (folder: string): unknown[] =>
  readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ ...JSON.parse(line), seconds: 0, dataSeconds: 0 }))
