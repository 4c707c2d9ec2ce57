import { directoryStorage, listCheckpoints, type Storage } from '@ddnet/trainer'
import { storageCases } from '../storage/cases.ts'

// The cases of every storage, on a folder of the page's own storage (OPFS).

/** An empty folder of that name. */
async function empty(name: string): Promise<Storage> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry(name, { recursive: true }).catch(() => {})
  return directoryStorage(root).folder(name)
}

/** What went wrong in each case; nothing where it went well. */
async function run(): Promise<Record<string, string | undefined>> {
  const results: Record<string, string | undefined> = {}
  for (const [at, { name, run }] of storageCases.entries()) {
    try {
      await run(await empty(`case-${at}`))
    } catch (error) {
      results[name] = error instanceof Error ? (error.stack ?? error.message) : String(error)
    }
  }
  return results
}

/** A folder that was being written when the page went away. */
async function leftOver(): Promise<unknown[]> {
  const storage = await empty('left')
  await storage.folder('step=000002').replaceFile('model.safetensors', new Uint8Array(8))
  await storage.folder('step=000002').replaceFile('.unfinished', new Uint8Array(0))
  const seen = [await storage.list(), await storage.kind('step=000002'), await listCheckpoints(storage)]
  const read = await storage.folder('step=000002').readFile('model.safetensors')
  await storage.removeLeftovers()
  const left: string[] = []
  for await (const name of (await (await navigator.storage.getDirectory()).getDirectoryHandle('left')).keys())
    left.push(name)
  return [...seen, read, left]
}

declare global {
  var results: Promise<Record<string, string | undefined>>
  var leftover: Promise<unknown[]>
  /** Takes a lock, and keeps it while the page is there. */
  var hold: () => Promise<string>
}
globalThis.results = run()
globalThis.leftover = globalThis.results.then(leftOver)
globalThis.hold = async () => {
  const storage = directoryStorage(await navigator.storage.getDirectory()).folder('held')
  try {
    await storage.lock('a page')
    return 'held'
  } catch (error) {
    return (error as Error).message
  }
}
