import { errorMessage } from '@ddnet/ops/checks'
import {
  checkpointName,
  decodeCheckpoint,
  directoryStorage,
  filesIn,
  type MemoryStorage,
  memoryStorage,
  type NamedFile,
  packStorage,
  readTar,
  type Storage,
  StorageLocked,
  tarStorage,
} from '@ddnet/trainer'

/** Where the page keeps its run. */
export interface Home {
  /** It has `run`, the folder of the run. */
  readonly storage: Storage
  /** Why a run does not outlast the page. */
  readonly note?: string
}

const name = 'run'
export const runIn = ({ storage }: Home): Storage => storage.folder(name)

/** The browser's own storage, for this worker alone while it is there; or memory, where there is none or another tab has it. */
export async function openHome(): Promise<Home> {
  try {
    if (!('createWritable' in FileSystemFileHandle.prototype)) throw new Error('this browser cannot write to it')
    const root = directoryStorage(await navigator.storage.getDirectory(), 'the browser’s storage')
    const storage = root.folder('ddnet-studio')
    await storage.lock('this page')
    return { storage }
  } catch (error) {
    const why =
      error instanceof StorageLocked
        ? 'Another tab of this page has the browser’s storage.'
        : `The browser has no storage for it: ${errorMessage(error)}.`
    const note = `${why} The run is kept in memory: download its checkpoint before you close this tab.`
    return { storage: memoryStorage('this page'), note }
  }
}

/** Removes the run that is kept. */
export async function clearRun({ storage }: Home): Promise<void> {
  await storage.removeFolder(name)
}

/** Puts a run in the place of the one that is kept. Its checkpoints come last, so that one that is cut short is none. */
export async function keepRun(home: Home, run: Storage): Promise<void> {
  await clearRun(home)
  const isCheckpoint = ({ name }: NamedFile) => name.startsWith('checkpoints/')
  const all = await filesIn(run)
  for (const { name, bytes } of all.filter((file) => !isCheckpoint(file))) await put(runIn(home), name, bytes)
  const folders = new Map<string, NamedFile[]>()
  for (const file of all.filter(isCheckpoint)) {
    const folder = file.name.split('/').slice(1, -1).join('/')
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  const checkpoints = runIn(home).folder('checkpoints')
  for (const [folder, files] of folders) {
    if (folder === '' || folder.includes('/')) continue
    const named = files.map(({ name, bytes }) => [name.split('/').at(-1), bytes] as const)
    await checkpoints.writeFolder(folder, Object.fromEntries(named))
  }
  for (const [folder, files] of folders) {
    if (folder !== '' && !folder.includes('/')) continue
    for (const { name, bytes } of files) await put(runIn(home), name, bytes)
  }
}

async function put(storage: Storage, path: string, bytes: Uint8Array): Promise<void> {
  const [name, ...folders] = path.split('/').reverse()
  const folder = folders.reverse().reduce((at, each) => at.folder(each), storage)
  await folder.replaceFile(name as string, bytes)
}

/** A run folder that `ddnet train --resume` goes on with, as a tar file. Who writes it here is nobody there. */
export async function packRun(run: Storage): Promise<Uint8Array<ArrayBuffer>> {
  const files = (await filesIn(run)).filter(({ name }) => name !== 'writer.json')
  return packStorage(memoryStorage(run.path, files), { root: 'ddnet-studio/' })
}

/**
 * The run whose folder is a tar file; or that of the three files of a checkpoint alone.
 *
 * @throws Error naming what is missing or damaged
 */
export async function unpackRun(files: readonly NamedFile[]): Promise<MemoryStorage> {
  const [only] = files
  if (files.length === 1 && only?.name.endsWith('.tar')) {
    return tarStorage(only.name, only.bytes, rootIn(only))
  }
  const parts = Object.fromEntries(files.map(({ name, bytes }) => [name.slice(name.lastIndexOf('/') + 1), bytes]))
  const { step } = await decodeCheckpoint(parts)
  const folder = `checkpoints/${checkpointName(step)}`
  const named = Object.entries(parts).map(([name, bytes]) => ({ name: `${folder}/${name}`, bytes }))
  return memoryStorage('opened', named)
}

/** Where in a tar file the run lies that it has. */
function rootIn({ name, bytes }: NamedFile): string {
  const roots = new Set(
    readTar(bytes).flatMap((file) => {
      const root = /^(?:\.\/)*(.*?)checkpoints\/step=\d+\/[^/]+$/.exec(file.name)?.[1]
      return root === undefined ? [] : [root]
    }),
  )
  const [root, another] = roots
  if (root === undefined)
    throw new Error(`${name} has no checkpoint (checkpoints/step=NUMBER/…). Pack the folder of a run that has one.`)
  if (another !== undefined)
    throw new Error(
      `${name} has more than one run: ${[...roots].map((each) => each || '.').join(', ')}. Pack one of them.`,
    )
  return root
}
