import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorCode, errorMessage } from '@ddnet/ops/checks'
import { CliError } from '../errors.ts'
import { formatBytes } from '../terminal/format.ts'
import type { HubAddress } from './hub-address.ts'
import { HubCache, type HubSettings, hasChecksum, sizeOf } from './hub-cache.ts'

export interface HubOptions extends HubSettings {
  /** Bytes that a file may have: what is read as a whole. */
  readonly maxBytes?: number
  /** Milliseconds without a byte, after which the server is taken for dead. */
  readonly idleMs?: number
  readonly log?: (message: string) => void
  readonly onProgress?: (progress: { readonly received: number; readonly total: number }) => void
}

/** Where the weights of a repository are, the first that there is. */
const usualFiles = ['model.safetensors', 'pytorch_model.bin']

/** How often a broken download goes on by itself. */
const MOST_TRIES = 3

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
      const path = await download({ ...address, file }, cache, options)
      if (path !== undefined) return { path, file }
    } catch (error) {
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
async function download(address: FileAddress, cache: HubCache, options: HubOptions): Promise<string | undefined> {
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
        `cannot fetch ${shown(address)}/${file}: ${error.message}. It is not in the cache ${options.cache} either. Check the connection${options.endpoint === 'https://huggingface.co' ? '' : ` and HF_ENDPOINT=${options.endpoint}`}.`,
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
  if (there === undefined && (await sizeOf(cache.blob(checksum))) !== found.size)
    await fetchBlob(address, found, cache.blob(checksum), options)
  return cache.add({ revision, commit, file, checksum })
}

/** What the Hub says of a file. */
interface Found {
  readonly commit: string
  readonly checksum: string
  readonly size: number
  readonly url: string
}

class Unreachable extends Error {}

const urlOf = ({ owner, name, revision, file }: FileAddress, endpoint: string): string =>
  `${endpoint}/${owner}/${name}/resolve/${encodeURIComponent(revision)}/${file.split('/').map(encodeURIComponent).join('/')}`

/** Asks for the head of a file, whose redirect to a store is not followed: the checksum stands before it. */
async function lookUp(address: FileAddress, options: HubOptions): Promise<Found | undefined> {
  const { endpoint, idleMs = 30_000 } = options
  let url = urlOf(address, endpoint)
  let commit = ''
  for (let hops = 0; hops < 5; hops++) {
    const response = await request(
      url,
      { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(idleMs) },
      options,
    )
    const { status, headers } = response
    commit = headers.get('x-repo-commit') ?? commit
    const location = headers.get('location')
    // A repository that was renamed; what leads to another host is the store.
    if (
      status >= 300 &&
      status < 400 &&
      location !== null &&
      new URL(location, url).origin === new URL(url).origin &&
      headers.get('x-linked-size') === null
    ) {
      url = new URL(location, url).href
      continue
    }
    if (status === 404 && headers.get('x-error-code') === 'EntryNotFound') return undefined
    if (status >= 400) throw refusal(address, response, options)
    const etag = (headers.get('x-linked-etag') ?? headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', '')
    const size = Number(headers.get('x-linked-size') ?? headers.get('content-length') ?? Number.NaN)
    if (!/^[0-9a-f]{40}$/.test(commit) || !/^[\w.-]{1,128}$/.test(etag) || !Number.isSafeInteger(size))
      throw new CliError(
        `${url} does not say its commit, checksum and size, as the Hub does. Check HF_ENDPOINT, or a proxy on the way.`,
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
  if (status === 429)
    return new CliError(
      `${repository}/${address.file}: the server has had too many requests (429). Try again in some minutes${token === undefined ? ', or set HF_TOKEN' : ''}.`,
    )
  return new CliError(`${repository}/${address.file}: the server answers ${status}. Try again later.`)
}

/** Downloads what is missing of a file, beside its place, and puts it there when it is right. */
async function fetchBlob(
  address: FileAddress,
  { checksum, size, url }: Found,
  blob: string,
  options: HubOptions,
): Promise<void> {
  const { maxBytes = 4 * 2 ** 30, log = () => {} } = options
  const name = `${shown(address)}/${address.file}`
  if (size > maxBytes)
    throw new CliError(
      `${name} has ${formatBytes(size)}, expected at most ${formatBytes(maxBytes)}. Take a smaller model.`,
    )
  await mkdir(dirname(blob), { recursive: true })
  const incomplete = `${blob}.incomplete` // as huggingface_hub calls it, which goes on with it as well
  if ((await sizeOf(incomplete)) > size) await rm(incomplete, { force: true })
  const before = await sizeOf(incomplete)
  log(`${name}, ${formatBytes(size)}${before > 0 ? `, of which ${formatBytes(before)} are there` : ''}`)
  for (let tries = 1; (await sizeOf(incomplete)) < size || size === 0; tries++) {
    try {
      await append(incomplete, url, size, options)
      if (size === 0) break
      if ((await sizeOf(incomplete)) < size) throw new Unreachable('the connection ended early')
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (tries < MOST_TRIES) continue
      const there = await sizeOf(incomplete)
      throw new CliError(
        `${name} broke off after ${formatBytes(there)} of ${formatBytes(size)}: ${error.message}. The same command goes on from there.`,
        undefined,
        { cause: error },
      )
    }
  }
  if ((await sizeOf(incomplete)) !== size || !(await hasChecksum(incomplete, checksum))) {
    await rm(incomplete, { force: true })
    throw new CliError(`${name} came damaged: its checksum differs. It was removed: try again.`)
  }
  await rename(incomplete, blob)
}

/** Adds what a server has behind the end of a file. */
async function append(path: string, url: string, size: number, options: HubOptions): Promise<void> {
  const { idleMs = 30_000, onProgress } = options
  const begin = await sizeOf(path)
  const abort = new AbortController()
  let timer = setTimeout(() => abort.abort(), idleMs)
  const stillAlive = () => {
    clearTimeout(timer)
    timer = setTimeout(() => abort.abort(), idleMs)
  }
  try {
    const headers: Record<string, string> = begin > 0 ? { range: `bytes=${begin}-` } : {}
    const response = await request(url, { headers, signal: abort.signal }, options)
    if (!response.ok) {
      await response.body?.cancel()
      throw new Unreachable(`the server answers ${response.status}`)
    }
    // Without ranges it begins again.
    const goesOn = begin > 0 && response.status === 206
    if (goesOn && !response.headers.get('content-range')?.startsWith(`bytes ${begin}-`)) {
      await response.body?.cancel()
      throw new Unreachable('the server sends another part than it was asked for')
    }
    const file = await open(path, goesOn ? 'a' : 'w')
    try {
      let received = goesOn ? begin : 0
      for await (const chunk of response.body ?? []) {
        stillAlive()
        received += chunk.length
        if (received > size) throw new Unreachable('the server sends more than it said')
        await file.write(chunk)
        onProgress?.({ received, total: size })
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw unreachable(error, idleMs)
  } finally {
    clearTimeout(timer)
  }
}

async function request(url: string, init: RequestInit, { token, idleMs = 30_000 }: HubOptions): Promise<Response> {
  // Leaving for another host, as that of the store, fetch takes the token off.
  // Unpacked, a part would not be the one that was asked for.
  const headers = {
    'user-agent': 'ddnet',
    'accept-encoding': 'identity',
    ...init.headers,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  try {
    return await fetch(url, { ...init, headers })
  } catch (error) {
    throw unreachable(error, idleMs)
  }
}

/** What the network did, in words; what the disk did stays as it is. */
function unreachable(error: unknown, idleMs: number): unknown {
  if (error instanceof Unreachable || error instanceof CliError) return error
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return new Unreachable(`nothing came for ${idleMs / 1000} s`, { cause: error })
  // fetch has its reasons in a cause, and ends a body that breaks off with a TypeError.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  if (error instanceof TypeError)
    return new Unreachable(named(errorCode(cause)) ?? (cause ? errorMessage(cause) : error.message), { cause: error })
  return error
}

/** A code that says something: fetch's own do not. */
const named = (code: string | undefined): string | undefined => (code?.startsWith('UND_') ? undefined : code)
