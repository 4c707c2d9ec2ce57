/**
 * Compiles the kernels and writes them, base64, as a TypeScript module, so that neither users nor tests need the
 * compiler. One source, two binaries: the shared flag is part of the imported memory's type.
 *
 *     node assembly/build.mjs
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const generated = (name) => new URL(`../src/kernels/${name}.generated.ts`, import.meta.url)

const common = [
  '--outFile',
  'kernels.wasm',
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--noExportMemory',
  '--initialMemory',
  '1',
  '--stackSize',
  '0',
  '--enable',
  'simd',
  '--enable',
  'bulk-memory',
]

async function compile(entry, flags, changed) {
  const binary = { bytes: new Uint8Array() }
  const { error, stderr } = await asc.main(
    [entry, ...common, '--baseDir', fileURLToPath(new URL('.', import.meta.url)), ...flags],
    {
      readFile: async (name, folder) => changed[name] ?? readFile(join(folder, name), 'utf8').catch(() => null),
      writeFile: (_, contents) => {
        binary.bytes = contents
      },
    },
  )
  if (error !== null) throw new Error(`${error.message}\n${stderr}`)
  // The memory is tfjs-backend-wasm's: data or a stack of our own would overwrite what it keeps there.
  if (sections(binary.bytes).includes(11))
    throw new Error('the kernels have a data segment; make them without constants')
  return Buffer.from(binary.bytes).toString('base64')
}

/** The ids of a binary's sections. @see https://webassembly.github.io/spec/core/binary/modules.html#sections */
function sections(bytes) {
  const ids = []
  let at = 8
  while (at < bytes.length) {
    ids.push(bytes[at++])
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      size |= (byte & 127) << shift
      if (byte < 128) break
    }
    at += size
  }
  return ids
}

const sharedMemory = ['--enable', 'threads', '--sharedMemory', '--maximumMemory', '65536']
const fused = ['--enable', 'relaxed-simd']

/**
 * The generated module's text.
 * @param {Record<string, string>} [changed] sources, by name, that take the place of those in this folder
 */
export async function generate(changed = {}) {
  const unshared = await compile('index.ts', [], changed)
  const shared = await compile('index.ts', sharedMemory, changed)
  return `// Made by assembly/build.mjs from assembly/*.ts. Do not edit.

/** The kernels for memory of one thread, base64. */
export const unsharedKernels =
  '${unshared}'

/** The kernels for shared memory, base64. */
export const sharedKernels =
  '${shared}'
`
}

/** The text of the module of kernels that multiply and add in one instruction. */
export async function generateFused() {
  return `// Made by assembly/build.mjs from assembly/fused.ts. Do not edit.

/** The fused kernels for memory of one thread, base64. */
export const unsharedFused =
  '${await compile('fused.ts', fused, {})}'

/** The fused kernels for shared memory, base64. */
export const sharedFused =
  '${await compile('fused.ts', [...fused, ...sharedMemory], {})}'
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(generated('wasm-kernels'), await generate())
  await writeFile(generated('wasm-fused'), await generateFused())
}
