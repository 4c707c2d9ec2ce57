import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeBackends, entryOf } from '@ddnet/testing'
import { type LaunchedChromium, launchChromium, openPage, type Site, serveFolder } from '@ddnet/testing/browser'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pack, published, readManifest } from '../scripts/packages.mjs'
import { bringPnpm, installAlone, npm, pnpm, root, run, withPnpm } from '../scripts/pnpm.mjs'
import {
  differentiate,
  exampleProject,
  filesIn,
  installedFrom,
  Project,
  projectOfTwo,
  projectWithAll,
} from './pack/project.ts'
import { entriesOf } from './pack/published.ts'

const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

const names = published.map(({ name }) => name)

const versionOf = (wanted: string) => published.find(({ name }) => name === wanted)?.version

let folder: string
let tarballs: Map<string, string>
let everything: Project
let inNode: Project
let plugin: Project
let inVite: Project
let inPage: Project

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ddnet-pack-'))
  tarballs = await pack(folder)
  ;[everything, inNode, inVite, inPage, plugin] = await Promise.all([
    projectWithAll(join(folder, 'everything'), tarballs),
    exampleProject('node-train', join(folder, 'node-train'), tarballs),
    exampleProject('vite-train', join(folder, 'vite-train'), tarballs),
    exampleProject('vite-predict', join(folder, 'vite-predict'), tarballs),
    exampleProject('plugin', join(folder, 'plugin'), tarballs),
  ])
}, 600_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

/** The losses in a log with lines such as `step 1: loss 0.7179`. */
const lossesIn = (log: string): number[] =>
  [...log.matchAll(/^step \d+: loss (.*)$/gm)].map((match) => Number(match[1]))

/** Three numbers, each smaller than the one before it. */
function expectFalling([first, second, third, ...others]: number[]): void {
  expect(others).toEqual([])
  expect(second).toBeLessThan(first as number)
  expect(third).toBeLessThan(second as number)
}

describe('every package, packed and installed by npm', () => {
  test.each(names)('%s holds what it builds, its README and the licence, and no sources', async (name) => {
    const files = await filesIn(everything.installed(name))
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']))
    expect(files.filter((file) => /^dist\/.*\.mjs$/.test(file))).not.toEqual([])
    // `binding` and `addon` are TensorFlow's addon, which is compiled where it is installed; `template` is what `ddnet init` writes.
    const own =
      /^(dist\/(?!.*\.test\.).+(\.mjs|\.d\.mts)|(addon|binding)\/\w+\.(cc|h)|template\/.+|config\.schema\.json|package\.json|README\.md|LICENSE|CHANGELOG\.md|THIRD_PARTY_NOTICES)$/
    expect(files.filter((file) => !own.test(file))).toEqual([])
  })

  test.each(names)('%s asks for versions that npm knows', (name) => {
    expect(JSON.stringify(readManifest(everything.installed(name)))).not.toMatch(/workspace:|catalog:/)
  })

  test.each(published.flatMap(entriesOf))('importing %s says nothing and keeps nothing running', async (entry) => {
    expect(await everything.node('--input-type=module', '--eval', `await import('${entry}')`)).toBe('')
  })

  test('the command ddnet starts', async () => {
    const { version } = readManifest(everything.installed('ddnet'))
    const command = join(everything.installed('ddnet'), 'dist', 'main.mjs')
    expect(await everything.node(command, '--version')).toBe(`${version}\n`)
  })

  test('a project of `ddnet init` trains, and passes the test that it comes with', async () => {
    const command = join(everything.installed('ddnet'), 'dist', 'main.mjs')
    const target = join(folder, 'my-network')
    expect(await everything.node(command, 'init', target)).toMatch('my-network is ready')
    const project = await installedFrom(tarballs, target)
    expect(await project.script('test')).toMatch(/^# pass 1$/m)
    const said = await project.script('start')
    expect(said).toMatch(/^training on WebAssembly with SIMD/m)
    expect(Number(/^test accuracy ([\d.]+)%$/m.exec(said)?.[1])).toBeGreaterThan(80)
    expect(await filesIn(join(target, 'checkpoints'))).toContainEqual(expect.stringMatching(/model\.safetensors$/))
  })

  test('npm run install-into: a clone installs what is asked for in a project, and what that stands on', async () => {
    const project = new Project(join(folder, 'from-clone'))
    const install = (...words: string[]) => run([...npm(), 'run', '--silent', 'install-into', '--', ...words])
    await install(project.folder, '@ddnet/losses')
    const script = "import { crossEntropy } from '@ddnet/losses'; console.log(typeof crossEntropy)"
    expect(await project.node('--input-type=module', '--eval', script)).toBe('function\n')
    const { dependencies = {} } = readManifest(project.folder)
    expect(dependencies).toEqual({
      '@ddnet/losses': `file:ddnet-packages/ddnet-losses-${versionOf('@ddnet/losses')}.tgz`,
      '@ddnet/ops': `file:ddnet-packages/ddnet-ops-${versionOf('@ddnet/ops')}.tgz`,
    })
    await expect(install(project.folder, '@ddnet/loss')).rejects.toMatchObject({
      output: expect.stringContaining('There is no package @ddnet/loss. There are: @ddnet/backend-node, '),
    })
  })

  test("what TensorFlow's addon is compiled from is there: its sources and Node's headers", async () => {
    const sources = (await filesIn(everything.installed('@ddnet/backend-node'))).filter((file) =>
      /^(addon|binding)/.test(file),
    )
    expect(sources).toEqual(
      expect.arrayContaining(['addon/log_level.cc', 'binding/tfjs_backend.cc', 'binding/tfjs_binding.cc']),
    )
    expect(await filesIn(everything.installed('node-api-headers'))).toContain('include/node_api.h')
  })

  describeBackends('the command ddnet', () => {
    test('installs an addon of TensorFlow, after it trained with the installed packages', async () => {
      const command = join(everything.installed('ddnet'), 'dist', 'main.mjs')
      const cache = { DDNET_CACHE: join(folder, 'cache') }
      const install = ['backend', 'install', 'tensorflow', '--from', entryOf(process.env, 'DDNET_TENSORFLOW_ADDON')]
      const said = await everything.nodeWith(cache, command, ...install)
      expect(said).toMatch(/three training steps on cpu, loss [\d.]+ → [\d.]+ → [\d.]+/)
      expect(said).toMatch(/^TensorFlow 2\.\d+\.\d+ \(your addon\) is installed/m)
    })
  }, ['tensorflow'])

  test('types hold without those of Node', async () => {
    const lines = published.flatMap(entriesOf).map((entry, i) => `export * as entry${i} from '${entry}'\n`)
    await writeFile(join(everything.folder, 'all.ts'), lines.join(''))
    const flags = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext']
    // The declarations of tfjs have errors, which its users live with; ours have none.
    const said = await everything.node(typescript, ...flags, 'all.ts').catch(({ output }) => String(output))
    expect(said).toMatch('node_modules/@tensorflow/')
    expect(said.split('\n').filter((line) => /^(all\.ts|node_modules\/@ddnet)/.test(line))).toEqual([])
  })
})

describe('two packages that need one engine', () => {
  const gradient = /^gradient 6 -8$/m
  const copiesIn = async (project: Project): Promise<string[]> =>
    (await filesIn(project.folder)).filter((file) => /(^|\/)@tensorflow\/tfjs-core\/package\.json$/.test(file))

  test('find it in copies of their own, where npm has put another version of tfjs-core beside, until that is loaded', async () => {
    const project = new Project(join(folder, 'beside'))
    await mkdir(project.folder)
    await writeFile(join(project.folder, 'package.json'), '{ "private": true, "type": "module" }')
    const [ops, wasm] = [entryOf(tarballs, '@ddnet/ops'), entryOf(tarballs, '@ddnet/backend-wasm')]
    await project.install([ops, wasm, '@tensorflow/tfjs-core@4.21.0'])
    expect(await copiesIn(project)).toHaveLength(3)
    await writeFile(join(project.folder, 'own.mjs'), differentiate)
    expect(await project.node('own.mjs')).toMatch(gradient)
    await writeFile(join(project.folder, 'both.mjs'), `import '@tensorflow/tfjs-core'${differentiate}`)
    const said = await project.node('both.mjs').catch(({ output }) => String(output))
    expect(said).toMatch(
      /expected @tensorflow\/tfjs-core 4\.22\.0 and no other version, found 4\.21\.0 of \S*tfjs-core\S*\. /,
    )
  })

  test('find it by pnpm, where a package reaches only what it asks for', async () => {
    const project = await projectOfTwo(join(folder, 'by-pnpm'), tarballs)
    const commands = await bringPnpm()
    const flags = ['--ignore-scripts', '--prefer-offline', '--config.hoist=false']
    await run([...pnpm(commands), 'install', ...flags], withPnpm(commands), project.folder)
    expect(await copiesIn(project)).toHaveLength(1)
    expect(await project.node('differentiate.mjs')).toMatch(gradient)
  })

  test('find it by Yarn, which has no node_modules', async () => {
    const project = await projectOfTwo(join(folder, 'by-yarn'), tarballs)
    const home = join(folder, 'yarn')
    await mkdir(home)
    await installAlone('@yarnpkg/cli-dist@4.9.2', home)
    const yarn = [process.execPath, join(home, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js')]
    const env = {
      ...process.env,
      NODE_OPTIONS: undefined,
      YARN_NPM_REGISTRY_SERVER: (await run([...npm(), 'config', 'get', 'registry'])).trim().replace(/\/$/, ''),
      YARN_UNSAFE_HTTP_WHITELIST: '*',
      YARN_ENABLE_SCRIPTS: 'false',
      YARN_ENABLE_TELEMETRY: 'false',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
      YARN_NODE_LINKER: 'pnp',
    }
    await run([...yarn, 'install'], env, project.folder)
    expect(await run([...yarn, 'node', 'differentiate.mjs'], env, project.folder)).toMatch(gradient)
  })
})

describe('an example, in an empty folder with the tarballs', () => {
  test('has one copy of tfjs-core and of every package', async () => {
    for (const project of [everything, inNode, inVite, inPage, plugin]) {
      const files = await filesIn(join(project.folder, 'node_modules'))
      const copies = files.filter((file) => /(^|\/)(@tensorflow\/tfjs-core|@ddnet\/[^/]+)\/package\.json$/.test(file))
      expect(copies).toContain('@tensorflow/tfjs-core/package.json')
      expect(copies.filter((copy) => copy.includes('node_modules/'))).toEqual([])
    }
  })

  test('trains in Node', async () => {
    const log = await inNode.node('train.mjs')
    expect(log).toMatch(/^training on WebAssembly with SIMD/)
    expectFalling(lossesIn(log))
  })

  test('brings an operator with kernels of its own and a backend, checks them and trains a network with them', async () => {
    expect(await plugin.script('test')).toMatch(/^# pass 4$/m)
    for (const [backend, device] of [
      ['wasm', 'WebAssembly with SIMD'],
      ['cpu', 'JavaScript (tfjs-backend-cpu'],
    ] as const) {
      const log = await plugin.node('train.mjs', backend)
      expect(log).toContain(`training on ${device}`)
      const losses = lossesIn(log)
      expectFalling(losses)
      expect(losses.at(-1)).toBeLessThan(0.01)
    }
  })

  test('brings data, a model and a task, which the command trains', async () => {
    const settings = ['steps=100', 'optimizer.learningRate=0.05', 'backend=wasm', 'name=discs']
    await plugin.script('train', ...settings)
    const result = JSON.parse(await readFile(join(plugin.folder, 'runs', 'discs', 'result.json'), 'utf8'))
    expect(result).toMatchObject({ step: 100, split: 'test' })
    // Of radii that are drawn evenly from 0.25 to 1, a guess of the mean is wrong by a quarter of 0.75 on average.
    expect(result.error).toBeLessThan(0.75 / 4 / 3)
  })

  describe('built by Vite', () => {
    let chromium: LaunchedChromium
    let site: Site
    let predictor: Site

    /** Checks the types, builds and serves. */
    async function built(project: Project): Promise<Site> {
      await project.node(join('node_modules', 'typescript', 'bin', 'tsc'), '--noEmit')
      await project.node(join('node_modules', 'vite', 'bin', 'vite.js'), 'build')
      return serveFolder(join(project.folder, 'dist'))
    }

    beforeAll(async () => {
      site = await built(inVite)
      predictor = await built(inPage)
      chromium = await launchChromium()
    })

    afterAll(async () => {
      await chromium?.browser.close()
      await site?.close()
      await predictor?.close()
    })

    test.each([
      ['wasm', /^training on wasm: WebAssembly with SIMD/],
      ['webgpu', /^training on webgpu: /],
    ])('trains in Chromium on %s', async (backend, device) => {
      const { page, errors } = await openPage(chromium.browser, `${site.url}?backend=${backend}`)
      const log = await page.getByText(/done|failed/).textContent()
      expect(log).toMatch(device)
      expectFalling(lossesIn(log as string))
      expect(errors).toEqual([])
    })

    test('names what is in a photo, with the weights that @ddnet/models carries', async () => {
      const { page, errors } = await openPage(chromium.browser, predictor.url)
      await page.getByLabel('ship or truck').setInputFiles(join(root, 'fixtures', 'cifar10', 'ship', '0.png'))
      const answers = page.getByRole('listitem')
      await answers.first().waitFor()
      expect(await answers.allTextContents()).toHaveLength(10)
      expect(await answers.first().textContent()).toMatch(/^ship [\d.]+%$/)
      expect(errors).toEqual([])
    })
  })
})
