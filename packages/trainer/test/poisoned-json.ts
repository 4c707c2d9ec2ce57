import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { coco, DatasetError, type Files } from '@ddnet/datasets'
import { decodeSafetensors, SafetensorsError } from '@ddnet/formats'
import { fixtureUrl, itemAt, readPoisoned } from '@ddnet/testing'
import { CheckpointError, jsonl, LogError, loadCheckpoint } from '@ddnet/trainer'

/** Reads all JSON that a run or a dataset has, poisoned: the counts of texts. `run` is a folder that `kill/train.ts` left. */
export async function readAllPoisoned(run: string, folder: string): Promise<Record<string, number>> {
  const last = path.join(run, 'checkpoints/last')
  const state = JSON.parse(readFileSync(path.join(last, 'state.json'), 'utf8'))
  const files = ['model.safetensors', 'optimizer.safetensors'].map(
    (name) => [name, readFileSync(path.join(last, name))] as const,
  )
  const copy = path.join(folder, 'checkpoints')
  mkdirSync(path.join(copy, 'step=000001'), { recursive: true })
  for (const [name, bytes] of files) writeFileSync(path.join(copy, 'step=000001', name), bytes)
  const stateFile = path.join(copy, 'step=000001/state.json')

  const isCheckpointError = (error: unknown) => error instanceof CheckpointError
  const counts = {
    'state.json of a checkpoint': await readPoisoned(
      JSON.stringify(state),
      async (text) => {
        writeFileSync(stateFile, text)
        await loadCheckpoint(path.join(copy, 'step=000001'))
      },
      isCheckpointError,
    ),
    'index.json of checkpoints': await readPoisoned(
      readFileSync(path.join(run, 'checkpoints/index.json'), 'utf8').replaceAll(/step=\d+/g, 'step=000001'),
      async (text) => {
        writeFileSync(stateFile, JSON.stringify(state))
        writeFileSync(path.join(copy, 'index.json'), text)
        await loadCheckpoint(path.join(copy, 'last'))
        await loadCheckpoint(path.join(copy, 'best'))
      },
      isCheckpointError,
    ),
    'metrics.jsonl of a run': await readPoisoned(
      itemAt(readFileSync(path.join(run, 'metrics.jsonl'), 'utf8').split('\n'), 0),
      async (text) => {
        const file = path.join(folder, 'metrics.jsonl')
        writeFileSync(file, `${text}\n`)
        await jsonl({ to: file }).onStart?.({ totalSteps: 9, stepsPerEpoch: 1, epochs: 9, startStep: 5 }, control)
      },
      (error) => error instanceof LogError,
    ),
    'header of safetensors': await readPoisoned(
      '{"__metadata__":{"a":"b"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
      (text) => decodeSafetensors(withHeader(text)),
      (error) => error instanceof SafetensorsError,
    ),
    'index of COCO': await readPoisoned(
      readFileSync(fixtureUrl('datasets/coco/instances.json'), 'utf8'),
      (text) => coco(oneFile(text), { annotations: 'a.json', masks: true }),
      (error) => error instanceof DatasetError,
    ),
  }
  return counts
}

const control = { stop: () => {}, snapshot: () => Promise.reject(new Error('not asked for')), format: () => '' }

function withHeader(text: string): Uint8Array {
  const header = new TextEncoder().encode(text)
  const file = new Uint8Array(8 + header.length + 4)
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true)
  file.set(header, 8)
  return file
}

const oneFile = (text: string): Files => ({
  list: async () => ['a.json'],
  read: async () => new TextEncoder().encode(text),
  path: (name) => name,
})
