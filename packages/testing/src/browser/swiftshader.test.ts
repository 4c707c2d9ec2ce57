import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { runsSparticuz } from './sparticuz.ts'
import { ensureSwiftShader } from './swiftshader.ts'

test.runIf(runsSparticuz())('unpacks the driver and the loader side by side', async () => {
  const { VK_ICD_FILENAMES, LD_LIBRARY_PATH } = await ensureSwiftShader()
  const folder = dirname(VK_ICD_FILENAMES ?? '')
  for (const name of ['vk_swiftshader_icd.json', 'libvk_swiftshader.so', 'libvulkan.so.1']) {
    expect(existsSync(join(folder, name)), name).toBe(true)
  }
  expect(LD_LIBRARY_PATH?.split(':')).toContain(folder)
})
