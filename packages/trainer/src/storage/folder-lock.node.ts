import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, open, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { errorCode } from '@ddnet/ops/checks'
import { isRunning } from '@ddnet/ops/node'
import { type Storage, type StorageLock, StorageLocked } from './storage.ts'

// `withLock` waits for another process's work, which may be done twice, and takes over after a minute of silence. This one is of another kind: it refuses, and a process that sleeps for an hour still has its run.

/** A process, told from others that come to have its number. */
interface Writer {
  readonly pid: number
  /** What this host calls itself, with what tells it from others of its name where the system has that. */
  readonly host: string
  readonly machine: string
  /** Since when this host runs, and in which space of process numbers: a container has one of its own. */
  readonly boot: string
  readonly space: string
  /** When the process began, as the system counts. */
  readonly began: string
  readonly startedAt: string
  readonly command: string
}

/** Where a lock lies, and how messages call that. */
class Place {
  constructor(
    private readonly storage: Pick<Storage, 'path' | 'readFile'>,
    private readonly directory: string,
  ) {}

  readonly name = 'writer.json'
  get folder(): string {
    return this.storage.path
  }

  readonly at = (name: string): string => join(this.directory, name)
  readonly shown = (name: string): string => join(this.storage.path, name)

  async read(name: string): Promise<string | undefined> {
    const bytes = await this.storage.readFile(name)
    return bytes && new TextDecoder().decode(bytes)
  }
}

/**
 * Makes this process the one writer of a folder, as its `writer.json` says: the file is linked into place whole, so that
 * one process alone makes it. The lock of a process that is dead is taken over; that of another machine or container is not,
 * since nobody can tell from here.
 *
 * @param owner what the process is: its command line
 * @throws StorageLocked naming the process that writes, and what to do
 */
export async function lockFolder(
  storage: Pick<Storage, 'path' | 'readFile'>,
  directory: string,
  owner: string,
): Promise<StorageLock> {
  const place = new Place(storage, directory)
  const text = `${JSON.stringify(self(owner), undefined, 2)}\n`
  const own = `${place.name}.${randomUUID()}`
  await writeNew(place.at(own), text)
  try {
    if (!(await isLinked(own, place.name, place))) await takeOver(own, place)
  } finally {
    await rm(place.at(own), { force: true })
  }
  return {
    async release() {
      // Somebody may have removed it, and somebody else have begun.
      if ((await place.read(place.name)) === text) await rm(place.at(place.name), { force: true })
    },
  }
}

/** Replaces the lock of a dead process. Two that try at once are told apart by a file that one of them makes. */
async function takeOver(own: string, place: Place): Promise<void> {
  refuseIfAlive(await holder(place), place)
  const turn = `${place.name}.turn`
  if (!(await isLinked(own, turn, place))) {
    throw new StorageLocked(
      `another process is about to go on with ${place.folder}. Where there is none, remove ${place.shown(turn)} and try again.`,
    )
  }
  try {
    refuseIfAlive(await holder(place), place) // it may have been taken over before it was our turn
    await rm(place.at(place.name), { force: true })
    if (!(await isLinked(own, place.name, place))) refuseIfAlive(await holder(place), place)
  } finally {
    await rm(place.at(turn), { force: true })
  }
}

function refuseIfAlive(found: Writer | 'nobody' | 'unknown', place: Place): void {
  if (found === 'nobody') return
  const file = place.shown(place.name)
  const remedy = `remove ${file} and try again.`
  if (found === 'unknown') {
    throw new StorageLocked(
      `${file} says that a process writes into ${place.folder}, and does not say which. Where there is none, ${remedy}`,
    )
  }
  const { pid, host, startedAt, command } = found
  const who = `process ${pid} on ${host}, since ${startedAt} (${command})`
  const state = stateOf(found)
  if (state === 'dead') return
  const what =
    state === 'alive'
      ? `Wait for it, or stop it: kill ${pid}`
      : `It is of another machine or container, where this one cannot look. If it does not run any more, ${remedy}`
  throw new StorageLocked(`${place.folder} is being trained by ${who}. ${what}`)
}

async function holder(place: Place): Promise<Writer | 'nobody' | 'unknown'> {
  const text = await place.read(place.name)
  if (text === undefined) return 'nobody'
  try {
    const found: unknown = JSON.parse(text)
    return isWriter(found) ? found : 'unknown'
  } catch {
    return 'unknown'
  }
}

function isWriter(value: unknown): value is Writer {
  if (typeof value !== 'object' || value === null) return false
  const texts = { ...where(), began: '', startedAt: '', command: '' }
  const fields = new Map(Object.entries(value))
  return (
    Number.isSafeInteger(fields.get('pid')) && Object.keys(texts).every((name) => typeof fields.get(name) === 'string')
  )
}

/** Whether a writer lives, as far as it can be told from here. */
function stateOf(writer: Writer): 'alive' | 'dead' | 'elsewhere' {
  const here = where()
  if (writer.host !== here.host || writer.machine !== here.machine) return 'elsewhere'
  if (writer.boot !== here.boot) return 'dead' // the machine was started again
  if (writer.space !== here.space) return 'elsewhere'
  if (!isRunning(writer.pid)) return 'dead'
  const began = beganAt(writer.pid)
  // A number is given again to another process, which began later.
  return began !== '' && writer.began !== '' && began !== writer.began ? 'dead' : 'alive'
}

const self = (owner: string): Writer => ({
  pid: process.pid,
  ...where(),
  began: beganAt(process.pid),
  startedAt: new Date().toISOString(),
  command: owner,
})

const where = () => ({
  host: hostname(),
  machine: contentOf('/etc/machine-id'),
  boot: contentOf('/proc/sys/kernel/random/boot_id'),
  space: target('/proc/self/ns/pid'),
})

/** The 22nd word of a process's `stat` in Linux, behind its name, which may have spaces; nothing elsewhere. */
const beganAt = (pid: number): string =>
  contentOf(join('/proc', String(pid), 'stat'))
    .replace(/^.*\)/s, '')
    .trim()
    .split(' ')[19] ?? ''

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

function target(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx')
  try {
    await file.writeFile(text)
    await file.sync() // an empty lock would name nobody
  } finally {
    await file.close()
  }
}

/** Gives a file a second name, where nothing has it; on disks without links, a copy. */
async function isLinked(from: string, to: string, place: Place): Promise<boolean> {
  try {
    await link(place.at(from), place.at(to))
    return true
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (code === 'EEXIST') return false
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) {
      throw Object.assign(error as NodeJS.ErrnoException, { path: place.folder })
    }
  }
  try {
    await writeNew(place.at(to), (await place.read(from)) ?? '')
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}
