import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

/** What Dawn finds with this process's environment: a GPU, a driver on the CPU, or nothing. */
export type Graphics = 'gpu' | 'software' | 'none'

/** Asks Dawn in a process of its own, so that this one has not loaded it. */
export async function findGraphics(): Promise<Graphics> {
  const dawn = pathToFileURL(createRequire(import.meta.url).resolve('webgpu')).href
  const script = `
    const { create } = await import(${JSON.stringify(dawn)})
    const adapter = await create([]).requestAdapter()
    console.log(adapter === null ? 'none' : adapter.info.isFallbackAdapter ? 'software' : 'gpu')
    process.exit()`
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    return (/^(gpu|software|none)$/m.exec(stdout)?.[0] ?? 'none') as Graphics
  } catch {
    // The addon does not load or crashes: whatever is there, Dawn cannot use it.
    return 'none'
  }
}

/** Whether there is a GPU that Dawn can use. On Linux without any graphics device the answer is no at once. */
export async function hasGpu(): Promise<boolean> {
  if (process.platform === 'linux' && !hasGraphicsDevice()) return false
  return (await findGraphics()) === 'gpu'
}

function hasGraphicsDevice(): boolean {
  return ['/dev', '/dev/dri'].some((folder) => {
    try {
      return readdirSync(folder).some((name) => /^(nvidia\d+|renderD\d+|dxg)$/.test(name))
    } catch {
      return false
    }
  })
}
