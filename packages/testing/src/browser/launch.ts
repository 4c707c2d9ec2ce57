import { spawnSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'
import { type FoundChromium, findChromium } from './chromium.ts'
import { hasGpu } from './gpu.ts'

/** A running headless Chromium with WebGPU: on the GPU, or on SwiftShader where there is none. */
export interface LaunchedChromium extends FoundChromium {
  readonly browser: Browser
  readonly args: readonly string[]
}

/** Starts the Chromium that `findChromium` finds; close it with `browser.close()`. */
export async function launchChromium(): Promise<LaunchedChromium> {
  const found = await findChromium()
  const args = await chromiumArguments()
  const browser = await chromium.launch({
    executablePath: found.executablePath,
    args: [...args],
    env: { ...process.env, ...found.env },
    chromiumSandbox: canSandbox(),
  })
  return { ...found, browser, args }
}

async function chromiumArguments(): Promise<readonly string[]> {
  const common = ['--enable-unsafe-webgpu', '--disable-background-networking', '--disable-component-update']
  if (!(await hasGpu())) return [...common, '--use-webgpu-adapter=swiftshader']
  return process.platform === 'linux' ? [...common, '--enable-features=Vulkan'] : common
}

/** Chromium's sandbox needs user namespaces, which root and many containers do not give it. */
function canSandbox(): boolean {
  if (process.platform !== 'linux') return true
  if (process.getuid?.() === 0) return false
  return spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 0
}
