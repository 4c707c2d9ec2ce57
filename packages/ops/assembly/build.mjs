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

async function compile(entry, flags, changed, transforms = []) {
  const binary = { bytes: new Uint8Array() }
  const { error, stderr } = await asc.main(
    [entry, ...common, '--baseDir', fileURLToPath(new URL('.', import.meta.url)), ...flags],
    {
      readFile: async (name, folder) => changed[name] ?? readFile(join(folder, name), 'utf8').catch(() => null),
      writeFile: (_, contents) => {
        binary.bytes = contents
      },
      transforms,
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

/**
 * The text of the module that writes what kernels read: a kernel's first parameter is a class, whose fields are laid out by the
 * compiler, and so are the classes that those point to.
 * @param {Record<string, string>} [changed] sources, by name, that take the place of those in this folder
 */
export async function generateStructs(changed = {}) {
  const structOfKernel = new Map()
  const found = new Map()
  class Layouts {
    afterCompile() {
      for (const [kernel, { instances }] of this.program.filesByName.get('index').exports) {
        const struct = instances.get('').signature.parameterTypes[0].classReference
        structOfKernel.set(kernel, struct.name)
        collectStructs(struct, found)
      }
    }
  }
  await compile('index.ts', [], changed, [Layouts]) // the compiler gives the class its program
  const kernels = [...structOfKernel].sort(([a], [b]) => (a < b ? -1 : 1))
  const structs = [...found].sort(([a], [b]) => (a < b ? -1 : 1))
  return `// Made by assembly/build.mjs from assembly/*.ts. Do not edit.
import type { Address, Bytes, Float32, Int32, Struct, StructAt } from './wasm-structs.ts'

/** What kernels read, as the classes of assembly/*.ts declare it. */
export interface Structs {
${structs.map(([name, { fields }]) => structType(name, fields)).join('\n')}
}

/** Which of them each kernel reads. */
export interface KernelStructs {
${kernels.map(([kernel, struct]) => `  readonly ${kernel}: '${struct}'`).join('\n')}
}

/** How each is written. */
export const structs: { readonly [Name in keyof Structs]: Struct<Structs[Name]> } = {
${structs.map(([name, struct]) => structWriter(name, struct)).join('\n')}
}
`
}

/** How the host writes a field: its type there, and the statement. */
const kinds = {
  usize: { type: 'Address', write: (to, value) => `words[${to}] = ${value}` },
  Optional: { type: 'Address | 0', write: (to, value) => `words[${to}] = ${value}` },
  Bytes: { type: 'Bytes', write: (to, value) => `words[${to}] = ${value}` },
  i32: { type: 'Int32', write: (to, value) => `words[${to}] = ${value}` },
  f32: { type: 'Float32', write: (to, value) => `floats[${to}] = ${value}` },
  bool: { type: 'boolean', write: (to, value) => `words[${to}] = ${value} ? 1 : 0` },
}

/** Adds a class of the compiler's, and those that its fields point to, to `structs`. */
function collectStructs(struct, structs) {
  const known = structs.get(struct.name)
  if (known?.struct === struct) return
  if (known !== undefined) throw new Error(`two classes are called ${struct.name}: rename one`)
  const fields = [...struct.members.values()].map((prototype) => fieldOf(struct.name, prototype.instance))
  structs.set(struct.name, { struct, bytes: struct.nextMemoryOffset, fields })
  for (const { pointsTo } of fields) if (pointsTo !== null) collectStructs(pointsTo, structs)
}

function fieldOf(struct, { name, type, memoryOffset, declaration }) {
  const pointsTo = type.classReference
  const kind = declaration.type.name.identifier.text
  if (memoryOffset % 4 !== 0) throw new Error(`${struct}.${name} does not begin at a word: put the bool before it last`)
  if (pointsTo === null && !(kind in kinds))
    throw new Error(`${struct}.${name}: the host writes ${Object.keys(kinds).join(', ')} and classes, got ${kind}`)
  const { source, end } = declaration.range
  const [, comment] = /^[^\S\n]*\/\/ (.*)/.exec(source.text.slice(end)) ?? []
  return { name, kind, pointsTo, word: memoryOffset / 4, comment }
}

function structType(name, fields) {
  const lines = fields.flatMap((field) => [
    ...(field.comment === undefined ? [] : [`    /** ${field.comment} */`]),
    `    readonly ${field.name}: ${field.pointsTo === null ? kinds[field.kind].type : `StructAt<'${field.pointsTo.name}'>`}`,
  ])
  return `  readonly ${name}: {\n${lines.join('\n')}\n  }`
}

function structWriter(name, { bytes, fields }) {
  const parameters = fields.some(({ kind }) => kind === 'f32') ? 'words, floats' : 'words'
  const statements = fields.map((field) => {
    const { write } = kinds[field.pointsTo === null ? field.kind : 'usize']
    return `      ${write(field.word === 0 ? 'at' : `at + ${field.word}`, `value.${field.name}`)}`
  })
  return `  ${name}: {\n    words: ${Math.ceil(bytes / 4)},\n    write: (value, at, ${parameters}) => {\n${statements.join('\n')}\n    },\n  },`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(generated('wasm-kernels'), await generate())
  await writeFile(generated('wasm-fused'), await generateFused())
  await writeFile(generated('wasm-structs'), await generateStructs())
}
