import { lstat, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { type Checksum, gitBlobChecksum, sha256Checksum } from '@ddnet/datasets/node'
import { errorCode } from '@ddnet/ops/checks'
import type { HubAddress } from './hub-address.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What the variables of Python's huggingface_hub say. */
export interface HubSettings {
  readonly endpoint: string
  /** Where its cache is: what one of the two downloads, the other finds. */
  readonly cache: string
  readonly token?: string
  readonly offline: boolean
}

/** As huggingface_hub reads them: `HF_ENDPOINT`, `HF_HUB_CACHE`, `HF_HOME`, `HF_TOKEN`, `HF_HUB_OFFLINE`. */
export async function hubSettings(env: Env): Promise<HubSettings> {
  const home = env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache'), 'huggingface')
  const saved = env['HF_TOKEN'] ?? (await textIn(env['HF_TOKEN_PATH'] ?? join(home, 'token')))
  const token = saved?.trim()
  return {
    endpoint: (env['HF_ENDPOINT'] ?? 'https://huggingface.co').replace(/\/+$/, ''),
    cache: env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub'),
    ...(token !== undefined && token !== '' && { token }),
    offline: /^(1|on|yes|true)$/i.test(env['HF_HUB_OFFLINE'] ?? ''),
  }
}

/**
 * The folder of a repository in the cache: `refs/main` has the commit, `snapshots/COMMIT/FILE` is a link to `blobs/CHECKSUM`.
 * @see https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
export class HubCache {
  readonly #folder: string

  constructor(cache: string, { owner, name }: Pick<HubAddress, 'owner' | 'name'>) {
    this.#folder = join(cache, `models--${owner}--${name}`)
  }

  /** The commit of a revision when it was last looked up; of a commit, itself. */
  async commitOf(revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision
    const commit = (await textIn(join(this.#folder, 'refs', revision)))?.trim()
    return commit !== undefined && isCommit(commit) ? commit : undefined
  }

  /** The path of a file of a commit, where it is there. */
  async find(commit: string, file: string): Promise<string | undefined> {
    const path = this.#snapshot(commit, file)
    return (await isFile(path)) ? path : undefined
  }

  /** Where the content of a checksum lies, or will lie. */
  blob(checksum: string): string {
    return join(this.#folder, 'blobs', checksum)
  }

  /** Notes that a revision is this commit, whose file is the content of this checksum. */
  async add({
    revision,
    commit,
    file,
    checksum,
  }: {
    revision: string
    commit: string
    file: string
    checksum: string
  }): Promise<string> {
    // What is there already is not written again: the cache may be somebody else's, to be read alone.
    if (!isCommit(revision) && (await this.commitOf(revision)) !== commit)
      await write(join(this.#folder, 'refs', revision), commit)
    const path = this.#snapshot(commit, file)
    await mkdir(dirname(path), { recursive: true })
    if (await isFile(path)) return path
    const temporary = `${path}.${process.pid}.link`
    await symlink(relative(dirname(path), this.blob(checksum)), temporary)
    await rename(temporary, path) // also over a link that leads nowhere
    return path
  }

  #snapshot(commit: string, file: string): string {
    return join(this.#folder, 'snapshots', commit, ...file.split('/'))
  }
}

const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision)

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() ?? false

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.${process.pid}.new`
  await writeFile(temporary, text)
  await rename(temporary, path)
}

async function textIn(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}

/** Bytes of a file that is there. */
export const sizeOf = async (path: string): Promise<number> => (await lstat(path).catch(() => undefined))?.size ?? 0

/** What the Hub's checksum of a file is: its SHA-256 where it is large, else what Git calls it; of another kind, as a mirror may have, nothing. */
export function checksumOf(etag: string): Checksum | undefined {
  if (/^[0-9a-f]{64}$/.test(etag)) return sha256Checksum(etag)
  return /^[0-9a-f]{40}$/.test(etag) ? gitBlobChecksum(etag) : undefined
}
