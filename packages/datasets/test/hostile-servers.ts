import { createHash } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { random } from '@ddnet/ops'
import { errorMessage } from '@ddnet/ops/checks'
import { DatasetError } from '../src/dataset-error.ts'
import { sha256Checksum } from '../src/node/checksum.ts'
import { download } from '../src/node/download.ts'
import { misbehaviours, serveBytes } from './byte-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

const content = Uint8Array.from({ length: 30_000 }, (_, at) => (at * 31) % 251)
const sha256 = createHash('sha256').update(content).digest('hex')

/**
 * Downloads from servers that misbehave in up to ten ways, one after the other: the file comes whole, or a DatasetError says
 * why not, and never lies more on the disk than it has bytes.
 */
export async function downloadFromHostileServers(
  count: number,
  seed: number,
): Promise<{ whole: number; refused: number }> {
  const draws = random.uniformValues(random.key(seed), 12 * count)
  const result = { whole: 0, refused: 0 }
  const folder = await temporaryFolder()
  for (let index = 0; index < count; index++) {
    const [length = 0, always = 0, ...choices] = draws.subarray(12 * index, 12 * (index + 1))
    const chosen = [...choices].map((draw) => misbehaviours[Math.floor(draw * misbehaviours.length)])
    const behaviours = chosen.slice(0, 1 + Math.floor(length * 10))
    const server = await serveBytes(content, always < 0.2 ? behaviours[0] : behaviours)
    const file = join(folder, String(index))
    const told = `${index}: ${behaviours.join(', ')}`
    try {
      await download({
        url: server.url,
        file,
        bytes: content.length,
        checksum: sha256Checksum(sha256),
        connectTimeoutMs: 60,
        stallTimeoutMs: 60,
        retryDelayMs: 1,
      })
      if (!(await readFile(file)).equals(content)) throw new Error(`${told}: another file came`)
      result.whole++
    } catch (error) {
      if (!(error instanceof DatasetError) || !error.message.includes(`put it there: ${file} `)) {
        throw new Error(`${told}: ${errorMessage(error)}`, { cause: error })
      }
      result.refused++
    }
    for (const name of await readdir(folder)) {
      const { size } = await stat(join(folder, name))
      if (size > content.length) throw new Error(`${told}: ${name} has ${size} bytes`)
      await rm(join(folder, name))
    }
    if (server.requests.length > 200) throw new Error(`${told}: ${server.requests.length} requests`)
    server.close()
  }
  return result
}
