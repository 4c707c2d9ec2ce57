import { readFile } from 'node:fs/promises'
import { summary } from '@ddnet/layers'
import { DDNet, ResNet, UNet } from '@ddnet/models'
import { expect, test } from 'vitest'
import { buildModel } from '../parts.ts'
import { entriesOf } from '../settings/entries.ts'
import { resolveConfig } from '../settings/resolve.ts'
import { settingCatalog } from '../settings/setting-catalog.ts'
import { builtIn } from './registry.ts'

const catalog = settingCatalog(builtIn)
const resolve = (settings: object) =>
  resolveConfig([entriesOf({ data: 'cifar10', ...settings }, 'test', catalog)], 'short', catalog).config
const facts = (size: number) => ({
  image: { height: size, width: size, channels: 3 },
  classNames: ['ant', 'bee', 'cat', 'dog'],
})
const build = (settings: object, size: number) => buildModel(resolve({ 'data.size': size, ...settings }), facts(size))

const names = (task: string) =>
  builtIn.flatMap((each) => (each.kind === 'model' && each.tasks.includes(task) ? [each.name] : []))

test('every model by name takes images of the data and gives what its task needs', () => {
  expect(names('classification').length).toBeGreaterThan(10)
  for (const model of names('classification')) {
    const { rows } = summary(build({ model }, 64), [2, 64, 64, 3])
    expect(rows.at(-1)?.outputShape, model).toEqual([2, 4])
  }
  const small: Record<string, object> = { deconvnet: { 'model.kernelSize': 2, 'model.hidden': 16 } }
  for (const model of names('reconstruction')) {
    const own = small[model] ?? {}
    const { rows } = summary(build({ task: 'reconstruction', model, ...own }, 64), [2, 64, 64, 3])
    expect(rows.at(-1)?.outputShape, model).toEqual([2, 64, 64, 3])
  }
})

test('docs/models.md knows each of them', async () => {
  const page = await readFile(new URL('../../../../docs/models.md', import.meta.url), 'utf8')
  const models = builtIn.flatMap((each) => (each.kind === 'model' ? [each.name] : []))
  expect(models.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
})

test('their settings reach them', () => {
  const parametersOf = (settings: object) => summary(build(settings, 32), [1, 32, 32, 3]).parameters
  // 11,689,512 without a thousand classes' 513,000, and with four.
  expect(parametersOf({ model: 'resnet18' })).toBe(11_689_512 - 513_000 + 513 * 4)
  expect(build({ model: 'resnet18', 'model.width': 8 }, 32)).toBeInstanceOf(ResNet)
  expect(parametersOf({ model: 'resnet18', 'model.width': 8 })).toBeLessThan(200_000)
  expect(build({ task: 'reconstruction', model: 'unet', 'model.channels': [4, 8] }, 32)).toBeInstanceOf(UNet)
  const ddnet = build({ model: 'ddnet', 'model.unpool': 'switches', 'model.skip': true }, 32)
  expect(ddnet).toBeInstanceOf(DDNet)
  expect(ddnet).toMatchObject({ unpool: 'switches', skip: true })
})

test.each([
  [{ model: 'ddnet', 'model.normalization': 'group', 'model.channels': [12, 20] }, 'Try model.groups=4'],
  [{ model: 'densenet121', 'data.size': 24 }, 'Try data.size=32, or model=densenetBC'],
  [{ model: 'densenetBC', 'model.depth': 41 }, 'expected a whole number of 6n + 4'],
  [{ task: 'reconstruction', model: 'unet', 'data.size': 40 }, 'expected a multiple of 16'],
  [{ task: 'reconstruction', model: 'segnet', 'model.depths': [2, 2] }, 'Try model.depths=[2,2,2,2,2]'],
  [{ task: 'reconstruction', model: 'deconvnet' }, 'Try data.size=224, or fewer stages'],
  [{ model: 'unet' }, 'is not for task=classification, only for reconstruction, segmentation. Try task=reconstruction'],
])('what does not go together is refused with what to set: %j', (settings, message) => {
  expect(() => resolve(settings)).toThrow(message)
})
