import { execFileSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { itemAt, readTensors } from '@ddnet/testing'
import { launchChromium, openPage, serveBuilt } from '@ddnet/testing/browser'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { documentedProject } from './documented-project.ts'
import { type Session, session } from './session.ts'

// The code of docs/exported-model.md, as it stands there, beside `ddnet predict`.

const project = documentedProject('docs/exported-model.md')

interface Prediction {
  readonly name: string
  readonly confidence: number
}

/** A trained run, its exported model in the project, photos, and what `ddnet predict` says of them. */
async function exported(...options: string[]): Promise<{ photos: string[]; expected: Prediction[][] }> {
  const shell: Session = session()
  await shell.run('train', 'model.channels=[4,8]', 'batchSize=8', 'steps=8', 'validation.images=40', 'name=a')
  expect((await shell.run('export', 'runs/a', 'model.onnx', ...options)).code).toBe(0)
  for (const name of ['model.onnx', 'model.json']) copyFileSync(join(shell.cwd, name), join(project, name))
  const photos = await writePhotos(shell.cwd)
  const { stdout } = await shell.run('predict', 'runs/a', ...photos, '--json')
  const expected = stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { predictions: Prediction[] }).predictions)
  return { photos: photos.map((name) => join(shell.cwd, name)), expected }
}

/** One of CIFAR-10, one that is larger and turned by its EXIF data, one that is partly transparent. */
async function writePhotos(folder: string): Promise<string[]> {
  const { data } = readTensors('one-model/logits.safetensors').testImages as { data: Uint8Array }
  const photo = (at: number) =>
    sharp(data.slice(at * 3072, (at + 1) * 3072), { raw: { width: 32, height: 32, channels: 3 } })
  await photo(0).png().toFile(join(folder, 'small.png'))
  await photo(1)
    .resize(120, 80, { fit: 'fill' })
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toFile(join(folder, 'turned.jpg'))
  await photo(2).ensureAlpha(0.5).png().toFile(join(folder, 'transparent.png'))
  return ['small.png', 'turned.jpg', 'transparent.png']
}

describe('the code of docs/exported-model.md', () => {
  test.each([[[]], [['--layout', 'NHWC']]])(
    'with export %j: in Node it says what ddnet predict says',
    async (options) => {
      const { photos, expected } = await exported(...options)
      const output = execFileSync(process.execPath, ['classify.js', 'model.onnx', ...photos], {
        cwd: project,
        encoding: 'utf8',
      })
      const lines = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
      expect(lines.map(({ photo }) => photo)).toEqual(photos)
      for (const [index, { predictions }] of lines.entries()) {
        const ours = itemAt(expected, index)
        expect(predictions.slice(0, ours.length).map(({ name }: Prediction) => name)).toEqual(
          ours.map(({ name }) => name),
        )
        for (const [at, { confidence }] of ours.entries())
          expect(Math.abs(predictions[at].probability - confidence)).toBeLessThan(1e-5)
      }
    },
  )

  test('in a page it says the same of a photo that has the size', async () => {
    const { photos, expected } = await exported()
    const [chromium, site] = await Promise.all([launchChromium(), serveBuilt(project)])
    try {
      for (const name of ['model.onnx', 'model.json']) copyFileSync(join(project, name), join(site.folder, name))
      const { page, errors } = await openPage(chromium.browser, site.url)
      for (const [index, photo] of [...photos.entries()].filter(([, path]) => path.endsWith('.png'))) {
        await page.setInputFiles('input', photo)
        const told = itemAt(expected, index)
          .map(({ name, confidence }) => `${(100 * confidence).toFixed(1)}% ${name}`)
          .join('\n')
        await expect.poll(() => page.textContent('pre'), { timeout: 110_000 }).toBe(told)
      }
      expect(errors).toEqual([])
    } finally {
      await site.close()
      await chromium.browser.close()
    }
  })
})
