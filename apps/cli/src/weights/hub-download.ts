import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Download, DownloadError, describeError, download, isDiskError } from '@ddnet/datasets/node'
import { errorCode } from '@ddnet/ops/checks'
import { withLock } from '@ddnet/ops/node'
import { CliError, problemOf } from '../errors.ts'
import { formatBytes } from '../terminal/format.ts'
import type { HubAddress } from './hub-address.ts'
import { checksumOf, HubCache, type HubSettings, sizeOf } from './hub-cache.ts'

export interface HubOptions extends HubSettings {
  /** Bytes that a file may have: what is read as a whole. */
  readonly maxBytes?: number
  /** How long a server is waited for. */
  readonly limits?: Pick<
    Download,
    'connectTimeoutMs' | 'stallTimeoutMs' | 'minBytesPerSecond' | 'retryDelayMs' | 'maxDelayMs'
  >
  readonly log?: (message: string) => void
  readonly onProgress?: (progress: { readonly received: number; readonly total: number }) => void
}

/** Where the weights of a repository are, the first that there is. */
const usualFiles = ['model.safetensors', 'pytorch_model.bin']

/**
 * The path of a file of the Hugging Face Hub in the cache, which Python's huggingface_hub shares. What is there is not downloaded again, and
 * without a network it is what was there last; a download that broke off goes on where it was. What arrives is compared with its checksum.
 *
 * @throws CliError naming the file: where there is none, it is not allowed, too large, or comes damaged, with what to do
 */
export async function hubFile(
  address: HubAddress,
  options: HubOptions,
): Promise<{ readonly path: string; readonly file: string }> {
  const files = address.file === undefined ? usualFiles : [address.file]
  const cache = new HubCache(options.cache, address)
  let absent: NotCached | undefined
  for (const file of files) {
    try {
      const path = await cached({ ...address, file }, cache, options)
      if (path !== undefined) return { path, file }
    } catch (error) {
      if (isDiskError(error)) throw notKept(`${shown(address)}/${file}`, error, options)
      if (!(error instanceof NotCached)) throw error
      absent ??= error // the other one may be there
    }
  }
  if (absent !== undefined) throw absent
  const where = `${options.endpoint}/${address.owner}/${address.name}`
  throw new CliError(
    address.file === undefined
      ? `${shown(address)} has neither ${usualFiles.join(' nor ')}. Name its file, as in weights=${shown(address)}/FILE.safetensors: ${where}/tree/${address.revision}`
      : `${shown(address)} has no file ${address.file}. See what it has: ${where}/tree/${address.revision}`,
  )
}

/** Nothing is known of a file, neither by the network nor in the cache. */
class NotCached extends CliError {}

const shown = ({ owner, name, revision }: HubAddress): string =>
  `hf:${owner}/${name}${revision === 'main' ? '' : `@${revision}`}`

type FileAddress = HubAddress & { readonly file: string }

/** The path of the file; nothing where the repository has none of its name. */
async function cached(address: FileAddress, cache: HubCache, options: HubOptions): Promise<string | undefined> {
  const { revision, file } = address
  const known = await cache.commitOf(revision)
  const kept = known && (await cache.find(known, file))
  // A commit never changes.
  if (kept !== undefined && (known === revision || options.offline)) return kept
  if (options.offline) {
    throw new NotCached(
      `${shown(address)}/${file} is not in the cache ${options.cache}, and HF_HUB_OFFLINE forbids to fetch it. Unset it once.`,
    )
  }
  let found: Found | undefined
  try {
    found = await lookUp(address, options)
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error
    if (kept === undefined)
      throw new NotCached(
        `cannot fetch ${shown(address)}/${file}: ${error.message}. It is not in the cache ${options.cache} either. ${error.remedy}.`,
        undefined,
        { cause: error },
      )
    options.log?.(
      `${options.endpoint} cannot be reached (${error.message}): ${file} is the one of the cache, of ${known?.slice(0, 7)}.`,
    )
    return kept
  }
  if (found === undefined) return undefined
  const { commit, checksum } = found
  const there = await cache.find(commit, file)
  if (there === undefined) await fetchBlob(address, found, cache.blob(checksum), options)
  return cache.add({ revision, commit, file, checksum })
}

/** What the Hub says of a file. */
interface Found {
  readonly commit: string
  readonly checksum: string
  readonly size: number
  readonly url: string
}

/** The Hub gave no answer of its own: what the cache has is the best that there is. */
class Unreachable extends Error {
  constructor(
    message: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

const urlOf = ({ owner, name, revision, file }: FileAddress, endpoint: string): string =>
  `${endpoint}/${owner}/${name}/resolve/${encodeURIComponent(revision)}/${file.split('/').map(encodeURIComponent).join('/')}`

/** Asks for the head of a file, whose redirect to a store is not followed: the checksum stands before it. */
async function lookUp(address: FileAddress, options: HubOptions): Promise<Found | undefined> {
  const { endpoint } = options
  let url = urlOf(address, endpoint)
  let commit = ''
  for (let hops = 0; hops < 5; hops++) {
    const response = await headOf(url, options)
    const { status, headers } = response
    commit = headers.get('x-repo-commit') ?? commit
    const location = headers.get('location')
    // A repository that was renamed; what leads to another host is the store.
    if (
      status >= 300 &&
      status < 400 &&
      location !== null &&
      URL.canParse(location, url) &&
      new URL(location, url).origin === new URL(url).origin &&
      headers.get('x-linked-size') === null
    ) {
      url = new URL(location, url).href
      continue
    }
    if (status === 404 && headers.get('x-error-code') === 'EntryNotFound') return undefined
    if (status >= 500) throw new Unreachable(`the server answers ${status}`, 'Try again later')
    if (status === 429)
      throw new Unreachable(
        'the server has had too many requests (429)',
        `Try again in some minutes${options.token === undefined ? ', or set HF_TOKEN' : ''}`,
      )
    if (status >= 400) throw refusal(address, response, options)
    const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '')
    const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN)
    if (!/^[0-9a-f]{40}$/.test(commit) || !/^\w[\w.-]{0,127}$/.test(etag) || !Number.isSafeInteger(size) || size < 0)
      throw new Unreachable(
        `${url} does not say its commit, checksum and size, as the Hub does`,
        'Check HF_ENDPOINT, and whether a login page or a proxy is in the way',
      )
    return { commit, checksum: etag, size, url }
  }
  throw new CliError(`${urlOf(address, endpoint)} leads on and on. Check the name of the repository.`)
}

function refusal(address: FileAddress, { status, headers }: Response, { token, endpoint }: HubOptions): CliError {
  const code = headers.get('x-error-code')
  const repository = shown(address)
  const asking = token === undefined ? 'Set HF_TOKEN to a token that may read it' : 'HF_TOKEN may not read it'
  if (code === 'GatedRepo')
    return new CliError(
      `${repository} asks for its terms to be accepted: ${endpoint}/${address.owner}/${address.name}. ${asking}.`,
    )
  if (code === 'RevisionNotFound')
    return new CliError(`${repository}: there is no revision ${address.revision}. Name a branch, a tag or a commit.`)
  // The Hub answers 401 for what there is not, so that nobody learns what is private.
  if (code === 'RepoNotFound' || status === 401 || status === 404)
    return new CliError(`${repository}: there is no such repository, or it is private. Check the name. ${asking}.`)
  if (status === 403) return new CliError(`${repository}/${address.file}: the server refuses it (403). ${asking}.`)
  return new CliError(`${repository}/${address.file}: the server answers ${status}. Try again later.`)
}

async function headOf(url: string, options: HubOptions): Promise<Response> {
  const { connectTimeoutMs = 30_000 } = options.limits ?? {}
  try {
    const signal = AbortSignal.timeout(connectTimeoutMs)
    return await fetch(url, { method: 'HEAD', redirect: 'manual', headers: headersFor(options), signal })
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError'
    const reason = isLate ? `no answer within ${connectTimeoutMs / 1000} s` : describeError(error)
    const { endpoint } = options
    const which = endpoint === 'https://huggingface.co' ? '' : ` and HF_ENDPOINT=${endpoint}`
    throw new Unreachable(reason, `Check the connection${which}`, { cause: error })
  }
}

/** Leaving for another host, as that of the store, fetch takes the token off. */
const headersFor = ({ token }: HubOptions): Record<string, string> => ({
  'user-agent': 'ddnet',
  ...(token !== undefined && { authorization: `Bearer ${token}` }),
})

/** Downloads what is missing of a file, beside its place, and puts it there when it is right. */
async function fetchBlob(
  address: FileAddress,
  { checksum, size, url }: Found,
  blob: string,
  options: HubOptions,
): Promise<void> {
  const { maxBytes = 4 * 2 ** 30, limits, log = () => {}, onProgress } = options
  const name = `${shown(address)}/${address.file}`
  if (size > maxBytes)
    throw new CliError(
      `${name} has ${formatBytes(size)}, expected at most ${formatBytes(maxBytes)}. Take a smaller model.`,
    )
  await mkdir(dirname(blob), { recursive: true })
  const part = `${blob}.incomplete` // as huggingface_hub calls it, which goes on with it as well
  const onWait = (pid: number | undefined) => log(`waiting for process ${pid ?? '?'}, which downloads ${name}`)
  await withLock(`${blob}.lock`, { onWait }, async () => {
    const before = await sizeOf(part)
    if ((await sizeOf(blob)) !== size)
      log(
        `${name}, ${formatBytes(size)}${before > 0 && before <= size ? `, of which ${formatBytes(before)} are there` : ''}`,
      )
    try {
      await download({
        ...{ url, file: blob, part, bytes: size, checksum: checksumOf(checksum), headers: headersFor(options) },
        onProgress: (received) => onProgress?.({ received, total: size }),
        ...{ connectTimeoutMs: 30_000, ...limits },
      })
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error
      const { reason, keptBytes } = error
      const broken = `${name} broke off after ${formatBytes(keptBytes)} of ${formatBytes(size)}: ${reason}`
      throw new CliError(
        keptBytes > 0
          ? `${broken}. The same command goes on from there.`
          : `cannot download ${name}: ${reason}. Try again, or fetch ${url} in another way, as with a browser, and name the file: weights=FILE`,
        undefined,
        { cause: error },
      )
    }
  })
}

function notKept(name: string, error: unknown, { cache }: HubOptions): CliError {
  const problem = problemOf(errorCode(error) ?? '') ?? describeError(error)
  return new CliError(
    `${name} cannot be kept in ${cache}: ${problem}. Make it writable with room for the file, or name another folder with HF_HUB_CACHE.`,
    undefined,
    { cause: error },
  )
}
