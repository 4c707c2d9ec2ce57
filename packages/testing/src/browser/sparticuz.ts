import { readFileSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliDecompress } from 'node:zlib'
import { parseTar } from 'nanotar'

/**
 * npm's `@sparticuz/chromium`: Chromium for Linux x64, Brotli-compressed, with SwiftShader, the libraries that a bare
 * system lacks, and a font. Only its files are used, never its code.
 */
export function sparticuz(): { version: string; bin: string } {
  // Its exports name no file of bin/, so start from the entry, build/cjs/index.cjs.
  const root = dirname(dirname(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'))))
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return { version, bin: join(root, 'bin') }
}

export function runsSparticuz(): boolean {
  return process.platform === 'linux' && process.arch === 'x64'
}

/** Unpacks the files of `bin/NAME.tar.br` into `folder`; with `only`, just those. */
export async function unpackTar(name: string, folder: string, only?: readonly string[]): Promise<void> {
  const files = parseTar(await decompress(`${name}.tar`)).filter(({ type }) => type === 'file')
  const wanted = only === undefined ? files : files.filter(({ name }) => only.includes(name))
  if (only !== undefined && wanted.length !== only.length) {
    throw new Error(`${name}.tar.br: expected ${only.join(', ')}, found ${files.map(({ name }) => name).join(', ')}.`)
  }
  for (const file of wanted) {
    const path = join(folder, file.name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, file.data ?? new Uint8Array(), { mode: 0o755 })
  }
}

/** Unpacks `bin/NAME.br` to an executable file. */
export async function unpackExecutable(name: string, path: string): Promise<void> {
  await writeFile(path, await decompress(name), { mode: 0o755 })
}

async function decompress(name: string): Promise<Uint8Array> {
  return promisify(brotliDecompress)(await readFile(join(sparticuz().bin, `${name}.br`)))
}
