import { findGraphics, hasGpu } from './gpu.ts'
import { runsSparticuz } from './sparticuz.ts'
import { ensureSwiftShader } from './swiftshader.ts'

/**
 * Vitest's global setup: gives the test processes a WebGPU adapter through the environment that they inherit. The
 * machine's GPU, or a driver chosen by `VK_ICD_FILENAMES` or `VK_DRIVER_FILES`, is left alone; otherwise it is
 * SwiftShader. Where there is none of these, `DDNET_TEST_MISSING_WEBGPU` holds the reason.
 */
export default async function setup(): Promise<void> {
  if (process.env.VK_ICD_FILENAMES !== undefined || process.env.VK_DRIVER_FILES !== undefined) return
  if (await hasGpu()) return
  if (runsSparticuz()) Object.assign(process.env, await ensureSwiftShader())
  else if ((await findGraphics()) === 'none') {
    process.env.DDNET_TEST_MISSING_WEBGPU = `no WebGPU adapter on ${process.platform}-${process.arch}`
  }
}
