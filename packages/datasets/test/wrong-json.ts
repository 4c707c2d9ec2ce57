import { readFileSync } from 'node:fs'
import { fixtureUrl, readWrongJson } from '@ddnet/testing'
import { parseShardManifest, SHARD_FORMAT } from '../src/cifar10/shard-manifest.ts'
import { DatasetError } from '../src/dataset-error.ts'
import { parseCoco } from '../src/sources/coco-json.ts'
import { cocoMask } from '../src/sources/coco-mask.ts'

const half = { count: 1, shards: [{ file: 'a', count: 1, bytes: 3073, sha256: '0'.repeat(64) }] }
const manifest = { format: SHARD_FORMAT, shape: [32, 32, 3], classNames: ['a'], train: half, test: half }
const isExpected = (error: unknown) => error instanceof DatasetError

/** How many texts were refused of each kind of JSON, with every value in turn replaced by others. */
export const wrongJson = {
  'index of shards': () => readWrongJson(manifest, (text) => parseShardManifest(text, 'manifest.json'), isExpected),
  COCO: () =>
    readWrongJson(JSON.parse(readFileSync(fixtureUrl('datasets/coco/instances.json'), 'utf8')), readCoco, isExpected),
}

function readCoco(text: string): void {
  for (const { annotations, height, width } of parseCoco(new TextEncoder().encode(text), 'file').images) {
    if (height * width > 100_000) continue // larger ones only take longer
    for (const { segmentation } of annotations) if (segmentation) cocoMask(segmentation, height, width)
  }
}
