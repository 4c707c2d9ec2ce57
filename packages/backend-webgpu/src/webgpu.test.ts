import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { getBackend, matMul, memory, tensor2d, tidy } from '@tensorflow/tfjs-core'
import { build, defaultServerConditions } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type WebgpuBackend, webgpu } from './index.ts'

describe('webgpu in Node', () => {
  let backend: WebgpuBackend
  beforeAll(async () => {
    backend = await webgpu()
  })

  test('becomes the current backend and describes its adapter', () => {
    expect(backend.name).toBe('webgpu')
    expect(getBackend()).toBe('webgpu')
    expect(backend.device).toMatch(/\w{3,}/)
    expect(backend.device.endsWith('(software)')).toBe(backend.software)
    if (process.env.VK_ICD_FILENAMES?.includes('swiftshader')) {
      expect(backend.device).toMatch(/^google swiftshader SwiftShader driver [\d.]+ \(software\)$/)
      expect(backend.software).toBe(true)
    }
  })

  test('multiplies matrices on the device, and counts the dispatch', async () => {
    const before = backend.dispatchCount()
    const product = tidy(() => matMul(tensor2d([1, 2, 3, 4, 5, 6], [2, 3]), tensor2d([7, 8, 9, 10, 11, 12], [3, 2])))
    // By hand: [1 2 3; 4 5 6] · [7 8; 9 10; 11 12].
    expect([...(await product.data())]).toEqual([58, 64, 139, 154])
    expect(backend.dispatchCount()).toBeGreaterThan(before)
    product.dispose()
  })

  test('called again, is the same backend', async () => {
    expect(await webgpu()).toBe(backend)
  })

  test('refuses to read synchronously, with the remedy', async () => {
    const { numTensors } = memory()
    const product = matMul(tensor2d([[2]]), tensor2d([[3]]))
    expect(() => product.dataSync()).toThrow('Use `await tensor.data()`')
    expect([...(await product.data())]).toEqual([6])
    product.dispose()
    expect(memory().numTensors).toBeLessThanOrEqual(numTensors + 2)
  })
})

describe('webgpu in a process of its own', () => {
  const inside = fileURLToPath(new URL('../node_modules/.test', import.meta.url))
  let outside: string

  beforeAll(async () => {
    outside = await mkdtemp(join(tmpdir(), 'ddnet-webgpu-'))
    await build({
      root: fileURLToPath(new URL('..', import.meta.url)),
      configFile: false,
      logLevel: 'error',
      ssr: { noExternal: true, resolve: { conditions: ['@ddnet/source', ...defaultServerConditions] } },
      build: {
        ssr: 'test/page/main.ts',
        outDir: inside,
        minify: false,
        rolldownOptions: { output: { codeSplitting: false, entryFileNames: 'main.mjs' } },
      },
    })
    // The same module where npm's `webgpu` cannot be resolved.
    await copyFile(join(inside, 'main.mjs'), join(outside, 'main.mjs'))
  })
  afterAll(() => Promise.all([inside, outside].map((folder) => rm(folder, { recursive: true, force: true }))))

  const run = async (module: string, body: string, env: NodeJS.ProcessEnv = {}) => {
    const script = `const { webgpu, readAfterError } = await import(${JSON.stringify(module)}); ${body}`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, ...env },
    })
    return stdout
  }
  const explain = `await webgpu().catch((error) => console.log(error.name + ' | ' + error.message))`

  test('without an adapter, says which driver is missing', async () => {
    const output = await run(join(inside, 'main.mjs'), explain, { VK_ICD_FILENAMES: '/nonexistent' })
    expect(output).toMatch(/^BackendUnavailable \| webgpu: no WebGPU adapter was found\. /)
    if (process.platform === 'linux') {
      expect(output).toContain('VK_ICD_FILENAMES=/nonexistent')
      expect(output).toContain('apt install libvulkan1 mesa-vulkan-drivers')
    }
  })

  test('without npm’s webgpu, says to install it', async () => {
    const output = await run(join(outside, 'main.mjs'), explain)
    expect(output).toBe(
      'BackendUnavailable | webgpu: Node has no WebGPU of its own, and npm package "webgpu" (Dawn) is not installed. Run: npm install webgpu\n',
    )
  })

  test('importing does nothing', async () => {
    const output = await run(
      join(inside, 'main.mjs'),
      `console.log(typeof globalThis.navigator?.gpu, typeof GPUDevice)`,
    )
    expect(output).toBe('undefined undefined\n')
  })

  test('after dispose, webgpu() starts a new device, and the process ends by itself', async () => {
    const output = await run(
      join(inside, 'main.mjs'),
      `const first = await webgpu(); first.dispose(); const second = await webgpu(); console.log(second !== first, second.dispatchCount())`,
    )
    expect(output).toBe('true 0\n')
  })

  test('an error of the device is thrown by the next read, not read as zeros', async () => {
    const output = await run(
      join(inside, 'main.mjs'),
      `await webgpu(); await readAfterError().catch((error) => console.log(error.message))`,
    )
    expect(output).toMatch(/^webgpu: the device refused a computation: .*nonsense/s)
  })
})
