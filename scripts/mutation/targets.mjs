import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { generate } from '../../packages/ops/assembly/build.mjs'
import { root } from '../pnpm.mjs'

const sources = join(root, 'packages/ops/src')
const assembly = join(root, 'packages/ops/assembly')
/** Of all compiled kernels: larger shapes, and any number of threads. */
const ofKernels = [
  'packages/ops/src/kernels/kernels.wasm.test.ts',
  'packages/ops/src/kernels/shares.wasm.slow.test.ts',
  'packages/backend-wasm/src/normalization-threads.test.ts',
  'packages/backend-wasm/src/wasm.test.ts',
].map((test) => join(root, test))
const compiled = join(sources, 'kernels/wasm-kernels.generated.ts')

/**
 * What is broken on purpose: `file` is where the mutants are made, `module` what tests load, as `load` makes it from a
 * mutant's code; `tests` run on `backend`.
 */
export async function targets() {
  const names = (await readdir(sources, { recursive: true })).filter(
    (name) => name.endsWith('.ts') && name.includes('/'),
  )
  // conditioning.ts is a tolerance of tests; .webgpu.ts run on WebGPU, in minutes what takes others seconds.
  const isTested = (name) => !/\.(test|generated|webgpu)\.ts$|^engine\/w|\/(index|conditioning)\.ts$/.test(name)
  const operators = names.filter(isTested).map((name) => {
    const file = join(sources, name)
    const backend = name.endsWith('.wasm.ts') ? 'wasm' : 'cpu'
    return {
      file,
      module: file,
      load: async (code) => code,
      tests: [...testsBeside(names, name, backend), ...(backend === 'wasm' ? ofKernels : [])],
      backend,
    }
  })
  const kernels = await kernelFolders(names)
  const compiledKernels = [...kernels].map(([name, folders]) => ({
    file: join(assembly, name),
    module: compiled,
    load: (code) => generate({ [name]: code }),
    tests: [...[...folders].flatMap((folder) => testsBeside(names, `${folder}/${name}`, 'wasm')), ...ofKernels],
    backend: 'wasm',
  }))
  return [...operators, ...compiledKernels].sort((a, b) => (a.file < b.file ? -1 : 1))
}

/** The tests in a file's folder, its own first; those of compiled kernels run on WASM alone. */
function testsBeside(names, name, backend) {
  const own = name.replace(/(-op)?(\.wasm)?\.ts$/, '.test.ts')
  const tests = names.filter(
    (each) =>
      dirname(each) === dirname(name) &&
      each.endsWith('.test.ts') &&
      (backend === 'wasm' || !each.endsWith('.wasm.test.ts')),
  )
  return tests.sort((a, b) => Number(b === own) - Number(a === own)).map((test) => join(sources, test))
}

/** For each AssemblyScript file, the folders of the operators that run it, by itself or through another. */
async function kernelFolders(names) {
  const files = (await readdir(assembly)).filter(
    (name) => name.endsWith('.ts') && name !== 'index.ts' && name !== 'fused.ts',
  )
  const texts = new Map(
    await Promise.all(files.map(async (name) => [name, await readFile(join(assembly, name), 'utf8')])),
  )
  const hosts = await Promise.all(
    names
      .filter((name) => name.endsWith('.wasm.ts'))
      .map(async (name) => [dirname(name), await readFile(join(sources, name), 'utf8')]),
  )
  const folders = new Map()
  for (const [name, text] of texts) {
    const exported = [...text.matchAll(/export function (\w+)/g)].map(([, each]) => each)
    const users = hosts.filter(([, host]) => exported.some((each) => host.includes(`'${each}'`)))
    folders.set(name, new Set(users.map(([folder]) => folder)))
  }
  for (const name of texts.keys()) {
    for (const [user, text] of texts) {
      if (text.includes(`'./${basename(name, '.ts')}'`))
        for (const folder of folders.get(user)) folders.get(name).add(folder)
    }
  }
  return folders
}
