import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { entryOf } from '@ddnet/testing'
import { readManifest, withInternal } from '../../scripts/packages.mjs'
import { npm, root, run } from '../../scripts/pnpm.mjs'

/** A user's terminal has no test runner around it. */
const env = { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, VITEST: undefined }

/** A folder of a user, outside the workspace. */
export class Project {
  constructor(readonly folder: string) {}

  /** Runs Node with `words`; resolves with all that it wrote and rejects if it fails. */
  node(...words: string[]): Promise<string> {
    return this.nodeWith({}, ...words)
  }

  /** The same, with more variables in its environment. */
  nodeWith(variables: Record<string, string>, ...words: string[]): Promise<string> {
    return run([process.execPath, ...words], { ...env, ...variables }, this.folder)
  }

  /** The package's folder in `node_modules`. */
  installed(name: string): string {
    return join(this.folder, 'node_modules', name)
  }

  /** Runs a script of its package.json, as in `npm run NAME -- WORDS`. */
  script(name: string, ...words: string[]): Promise<string> {
    return run([...npm(), 'run', name, '--', ...words], env, this.folder)
  }

  async install(tarballs: readonly string[]): Promise<void> {
    const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    await run([...npm(), 'install', ...flags, ...tarballs], env, this.folder)
  }
}

/** A copy of `examples/NAME` in `folder`, with its packages installed from `tarballs` and the others from npm. */
export async function exampleProject(name: string, folder: string, tarballs: Map<string, string>): Promise<Project> {
  const example = join(root, 'examples', name)
  // Whatever was installed or built there is not part of it.
  const ignored = [join(example, 'node_modules'), join(example, 'dist')]
  await cp(example, folder, { recursive: true, filter: (path) => !ignored.includes(path) })
  return installedFrom(tarballs, folder)
}

/** The project in `folder`, with its packages installed from `tarballs` and the others from npm. */
export async function installedFrom(tarballs: Map<string, string>, folder: string): Promise<Project> {
  const project = new Project(folder)
  const needed = withInternal(Object.keys(readManifest(folder).dependencies ?? {}))
  await project.install(needed.map((each) => entryOf(tarballs, each)))
  return project
}

/** A script that differentiates on WebAssembly: the gradient is of `@ddnet/ops`, and its kernels are of `@ddnet/backend-wasm`. */
export const differentiate = `
import { wasm } from '@ddnet/backend-wasm'
import { grad, square, sum, tensor } from '@ddnet/ops'
await wasm()
console.log('gradient', ...(await grad((x) => sum(square(x)))(tensor([3, -4])).data()))
`

/** A project of another package manager than npm, which asks for `@ddnet/backend-wasm` and `@ddnet/ops` alone. */
export async function projectOfTwo(folder: string, tarballs: Map<string, string>): Promise<Project> {
  await mkdir(folder)
  const names = ['@ddnet/backend-wasm', '@ddnet/ops']
  const files = Object.fromEntries(names.map((name) => [name, `file:${entryOf(tarballs, name)}`]))
  // What these ask for of each other is not on a registry.
  const others = { pnpm: { overrides: files }, resolutions: files }
  const manifest = { name: 'of-two', private: true, type: 'module', dependencies: files, ...others }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'differentiate.mjs'), differentiate)
  return new Project(folder)
}

/** An empty project with every tarball installed. */
export async function projectWithAll(folder: string, tarballs: Map<string, string>): Promise<Project> {
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const project = new Project(folder)
  await project.install([...tarballs.values()])
  return project
}

/** The paths of all files below `folder`, with slashes. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}
