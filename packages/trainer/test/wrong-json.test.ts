import { createHash } from 'node:crypto'
import { readWrongJson } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { CheckpointError } from '../src/checkpoint/checkpoint-error.ts'
import { parseState } from '../src/checkpoint/checkpoint-files.ts'

const state = {
  format: 'ddnet-checkpoint',
  formatVersion: 3,
  version: '1.0.0',
  step: 4,
  phase: 'step',
  loader: { epoch: 0, position: 4 },
  key: { high: 0, low: 42 },
  running: { inEpoch: {}, sinceValidation: {} },
  callbacks: { progress: { seconds: 1 } },
  optimizerStep: 4,
  optimizerSteps: { generator: 4 },
  best: { name: 'step=000004', step: 4, score: 0.5, of: 'accuracy' },
  config: { epochs: 1 },
  files: { 'model.safetensors': { bytes: 8, sha256: '00' } },
}

/** The state as somebody would write it who means harm: its checksum is right. */
const signed = (json: string): Uint8Array => {
  const sha256 = createHash('sha256').update(json).digest('hex')
  return Buffer.from(json.startsWith('{"') ? `${json.slice(0, -1)},"sha256":"${sha256}"}` : json)
}

test.each([3, 2])(
  'any value in any place of a state of format %i is read, or refused with a CheckpointError',
  async (formatVersion) => {
    await parseState(signed(JSON.stringify({ ...state, formatVersion })))
    const { tries, refused } = await readWrongJson(
      { ...state, formatVersion },
      (json) => parseState(signed(json)),
      (error) => error instanceof CheckpointError,
    )
    expect(tries).toBeGreaterThan(400)
    expect(refused).toBeGreaterThan(250)
  },
)

test.each([
  ['step', -1],
  ['step', '4'],
  ['phase', 'begin'],
  ['loader', { epoch: 0 }],
  ['key', { high: 0, low: 2 ** 32 }],
  ['files', { 'model.safetensors': null }],
  ['callbacks', [1]],
])('%s is no %j', async (name, value) => {
  await expect(parseState(signed(JSON.stringify({ ...state, [name]: value })))).rejects.toThrow(
    `state.json is damaged: its '${name}' is`,
  )
})
