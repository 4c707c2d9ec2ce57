import { expect, test } from 'vitest'
import { readSettings } from './settings.ts'
import { absentSetting, nameMeantBy, settingMeantBy } from './synonyms.ts'

const paths = [...readSettings().byPath.keys()]

test.each([
  ['lr', 'optimizer.learningRate'],
  ['lr0', 'optimizer.learningRate'],
  ['learning_rate', 'optimizer.learningRate'],
  ['--learning-rate', 'optimizer.learningRate'],
  ['optimizer.lr', 'optimizer.learningRate'],
  ['optimizer.LearningRate', 'optimizer.learningRate'],
  ['weight_decay', 'optimizer.weightDecay'],
  ['optimizer.wd', 'optimizer.weightDecay'],
  ['momentum', 'optimizer.momentum'],
  ['optimizer', 'optimizer.name'],
  ['batch', 'batchSize'],
  ['batch_size', 'batchSize'],
  ['--batch-size', 'batchSize'],
  ['bs', 'batchSize'],
  ['epoch', 'epochs'],
  ['max_epochs', 'epochs'],
  ['EPOCHS', 'epochs'],
  ['imgsz', 'size'],
  ['image_size', 'size'],
  ['device', 'backend'],
  ['gpu', 'backend'],
  ['model', 'model.name'],
  ['patience', 'earlyStopping.patience'],
  ['label_smoothing', 'loss.labelSmoothing'],
  ['ema', 'average.decay'],
  ['project', 'runs'],
  ['dataset', 'folder'],
  ['colour', undefined],
  ['constructor', undefined],
  ['schedule.lr', undefined],
])('%s is %s', (word, path) => {
  expect(settingMeantBy(word, paths)).toBe(path)
})

test('no word means two settings, and every setting that words mean is there', () => {
  for (const path of [
    'lr',
    'batch',
    'epoch',
    'imgsz',
    'device',
    'val_interval',
    'save_period',
    'clip',
    'accum',
    'time',
  ])
    expect(paths).toContain(settingMeantBy(path, paths))
})

test.each(['workers', 'num_workers', 'amp', '--fp16', 'pretrained', 'shuffle'])(
  'why there is no %s is said',
  (word) => {
    expect(settingMeantBy(word, paths)).toBeUndefined()
    expect(absentSetting(word)).toMatch(/leave it out$/)
  },
)

test.each([
  ['adamw', 'adamW'],
  ['ADAM', 'adam'],
  ['adam-w', 'adamW'],
  ['rmsprop', undefined],
])('the optimizer %s is %s', (value, name) => {
  expect(nameMeantBy(value, ['adam', 'adamW', 'sgd'])).toBe(name)
})

test.each([
  ['gpu', 'cuda'],
  ['CUDA:1', 'cuda:1'],
  ['0', 'cuda:0'],
  ['mps', 'webgpu'],
  ['tf', 'tensorflow'],
])('the backend %s is %s', (value, name) => {
  expect(nameMeantBy(value, ['auto', 'cuda', 'cuda:N', 'tensorflow', 'cpu', 'webgpu', 'wasm'])).toBe(name)
})
