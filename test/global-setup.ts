import { globalSetup as webgpuSetup } from '@ddnet/testing/browser'
import { ensureTensorFlowAddon } from '../scripts/tensorflow-addon.mjs'

/**
 * Finds or installs what the backends under test need: an adapter for WebGPU (SwiftShader where there is no GPU) and
 * TensorFlow's addon. What a machine cannot have is left as a reason in `DDNET_TEST_MISSING_*`, and the tests that need
 * it are skipped with that reason in their names.
 */
export default async function setup(): Promise<void> {
  const chosen = process.env['DDNET_TEST_BACKENDS']?.split(',')
  if (chosen === undefined || chosen.includes('webgpu')) await webgpuSetup()
  if ((chosen === undefined || chosen.includes('tensorflow')) && process.env['DDNET_TENSORFLOW_ADDON'] === undefined) {
    const addon = await ensureTensorFlowAddon({ log: (message) => process.stderr.write(`${message}\n`) })
    if ('path' in addon) process.env['DDNET_TENSORFLOW_ADDON'] = addon.path
    else process.env['DDNET_TEST_MISSING_TENSORFLOW'] = addon.missing
  }
}
