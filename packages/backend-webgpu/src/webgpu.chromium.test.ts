import { pageInChromium } from '@ddnet/testing/page'
import { expect, test } from 'vitest'

const served = pageInChromium(new URL('../test/page/', import.meta.url))

test('a page built by Vite multiplies matrices on WebGPU', async () => {
  const { page, errors } = await served.open()
  const report = await page.evaluate(() => (globalThis as unknown as typeof import('../test/page/main.ts')).report())
  expect(report.backend).toBe('webgpu')
  expect(report.product).toEqual([58, 64, 139, 154])
  expect(report.dispatches).toBeGreaterThan(0)
  expect(report.isolated).toBe(true)
  if (served.chromium.args.includes('--use-webgpu-adapter=swiftshader')) {
    expect(report.device).toMatch(/^google swiftshader\b.*\(software\)$/)
    expect(report.software).toBe(true)
  } else {
    expect(report.device).toMatch(/\w{3,}/)
  }
  expect(errors).toEqual([])
  await page.close()
})

test('without an adapter, the page says where to look', async () => {
  const { page } = await served.open()
  const message = await page.evaluate(async () => {
    navigator.gpu.requestAdapter = async () => null
    return (globalThis as unknown as typeof import('../test/page/main.ts'))
      .report()
      .catch((error: Error) => `${error.name}: ${error.message}`)
  })
  expect(message).toMatch(/^BackendUnavailable: webgpu: no WebGPU adapter was found\. Open chrome:\/\/gpu/)
  await page.close()
})

test('an error of the device is thrown by the next read, not read as zeros', async () => {
  const { page } = await served.open()
  const message = await page.evaluate(async () => {
    const { report, readAfterError } = globalThis as unknown as typeof import('../test/page/main.ts')
    await report()
    return readAfterError().catch((error: Error) => error.message)
  })
  expect(message).toMatch(/^webgpu: the device refused a computation: .*nonsense/s)
  await page.close()
})
