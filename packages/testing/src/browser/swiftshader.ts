import { delimiter, join } from 'node:path'
import { cached } from './cache.ts'
import { runsSparticuz, sparticuz, unpackTar } from './sparticuz.ts'

/** Environment variables, to be set before the process that uses them starts. */
export type EnvironmentVariables = Record<string, string>

/**
 * SwiftShader, a Vulkan driver on the CPU, for Dawn on a machine without a GPU: unpacks the driver and Vulkan's loader
 * into the cache, once.
 *
 * @returns what makes Vulkan programs find exactly them: `VK_ICD_FILENAMES` and `LD_LIBRARY_PATH`
 * @throws Error anywhere but on Linux x64
 */
export async function ensureSwiftShader(): Promise<EnvironmentVariables> {
  if (!runsSparticuz()) {
    throw new Error(
      `SwiftShader: expected linux-x64, got ${process.platform}-${process.arch}. Install a Vulkan driver there, such as mesa-vulkan-drivers.`,
    )
  }
  const { version } = sparticuz()
  const folder = await cached(`swiftshader-${version}`, (folder) =>
    unpackTar('swiftshader', folder, ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json']),
  )
  const { LD_LIBRARY_PATH: inherited } = process.env
  return {
    VK_ICD_FILENAMES: join(folder, 'vk_swiftshader_icd.json'),
    LD_LIBRARY_PATH: inherited ? `${folder}${delimiter}${inherited}` : folder,
  }
}
