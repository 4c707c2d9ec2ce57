import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchChromium, openPage, serveBuilt } from '@ddnet/testing/browser'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { documentedProject } from './documented-project.ts'
import { writeMasks } from './masks.ts'
import { session } from './session.ts'

// The code of docs/segmentation.md, as it stands there, beside `ddnet predict`.

test.each([[[]], [['--layout', 'NHWC']]])(
  'with export %j: a page paints over a photo what ddnet predict paints',
  async (options) => {
    const project = documentedProject('docs/exported-model.md', 'docs/segmentation.md')
    const shell = session()
    await writeMasks(join(shell.cwd, 'cells'), 20, 2) // class 1 is nowhere
    const settings = ['data.size=16', 'model.channels=[4,8]', 'batchSize=4', 'epochs=6', 'optimizer.learningRate=0.02']
    await shell.run('train', 'masks=cells', ...settings, 'backend=wasm', 'name=a')
    expect((await shell.run('export', 'runs/a', 'model.onnx', ...options)).code).toBe(0)
    await sharp(join(shell.cwd, 'cells/images/3.jpg')).resize(16, 16).png().toFile(join(shell.cwd, 'photo.png'))
    const { stdout } = await shell.run('predict', 'runs/a', 'photo.png', '--to', 'found', '--json')
    const { shares }: { shares: Readonly<Record<string, number>> } = JSON.parse(stdout)
    expect(Object.keys(shares).sort()).toEqual(['0', '2'])
    for (const name of ['model.onnx', 'model.json']) copyFileSync(join(shell.cwd, name), join(project, name))
    const [chromium, site] = await Promise.all([launchChromium(), serveBuilt(project)])
    try {
      for (const name of ['model.onnx', 'model.json']) copyFileSync(join(project, name), join(site.folder, name))
      const { page, errors } = await openPage(chromium.browser, site.url)
      await page.setInputFiles('input', join(shell.cwd, 'photo.png'))
      const told = Object.entries(shares).map(([name, share]) => `${(100 * share).toFixed(1)}% ${name}`)
      await expect.poll(() => page.textContent('pre'), { timeout: 110_000 }).toBe(told.join('\n'))
      const painted = await page.evaluate(() => {
        const canvas = document.querySelector('canvas')
        return [...(canvas?.getContext('2d')?.getImageData(0, 0, 16, 16).data ?? [])]
      })
      const overlay = await sharp(join(shell.cwd, 'found/photo-overlay.png')).ensureAlpha().raw().toBuffer()
      expect(Math.max(...painted.map((value, at) => Math.abs(value - (overlay[at] ?? -99))))).toBeLessThanOrEqual(1)
      expect(errors).toEqual([])
    } finally {
      await site.close()
      await chromium.browser.close()
    }
  },
)
