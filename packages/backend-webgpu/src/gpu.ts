import { BackendUnavailable } from '@ddnet/ops'
import { errorCode, errorMessage } from '@ddnet/ops/checks'

/**
 * The WebGPU entry point: `navigator.gpu` of a browser (or of any runtime that has one), otherwise Dawn from npm's
 * `webgpu`, put where the web has it: its classes on `globalThis`, its entry point at `navigator.gpu`.
 *
 * @throws BackendUnavailable when there is neither
 */
export async function findGpu(): Promise<GPU> {
  const { navigator } = globalThis
  // Browsers without WebGPU leave `gpu` out, whatever the standard's types say.
  const present = navigator?.gpu
  if (present !== undefined) return present
  if (isNode()) return installDawn()
  if (globalThis.isSecureContext === false) {
    throw new BackendUnavailable(
      `webgpu: navigator.gpu is hidden because ${globalThis.location.origin} is not a secure context. Serve the page over https, or from localhost.`,
    )
  }
  throw new BackendUnavailable(
    `webgpu: this browser has no navigator.gpu. Use Chrome or Edge 113, Safari 26, Firefox 141 or later (on Linux, Chrome needs chrome://flags/#enable-unsafe-webgpu), or the wasm backend.`,
  )
}

function isNode(): boolean {
  return typeof process !== 'undefined' && process.versions?.node !== undefined
}

async function installDawn(): Promise<GPU> {
  const { create, globals } = await loadDawn()
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  if (typeof globalThis.navigator === 'undefined') {
    // Node 20 has no navigator; later versions have one with this userAgent, and tfjs-core reads it.
    const userAgent = `Node.js/${process.versions.node.split('.')[0]}`
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent }, configurable: true, writable: true })
  }
  const gpu = create([])
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

interface Dawn {
  create(options: string[]): GPU
  globals: Record<string, unknown>
}

async function loadDawn(): Promise<Dawn> {
  // Not a literal: a bundler for the browser must leave this package, which holds a native addon, alone.
  const name: string = 'webgpu'
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Dawn
  } catch (error) {
    if (errorCode(error) === 'ERR_MODULE_NOT_FOUND') {
      throw new BackendUnavailable(
        `webgpu: Node has no WebGPU of its own, and npm package "webgpu" (Dawn) is not installed. Run: npm install webgpu`,
        { cause: error },
      )
    }
    throw new BackendUnavailable(
      `webgpu: npm package "webgpu" is installed, but its addon does not load on ${process.platform}-${process.arch}: ${errorMessage(error).split('\n')[0]}. It supports macOS, Windows and Linux with glibc, on x64 and arm64; reinstall it, or use the wasm backend.`,
      { cause: error },
    )
  }
}
