import { expect, test } from 'vitest'
import { builtIn } from '../built-in/registry.ts'
import { settingCatalog } from './setting-catalog.ts'
import { absentSetting, nameMeantBy, settingMeantBy } from './synonyms.ts'

const paths = [...settingCatalog(builtIn).byPath.keys()]

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
  ['optimizer.name', 'optimizer'],
  ['optim', 'optimizer'],
  ['batch', 'batchSize'],
  ['batch_size', 'batchSize'],
  ['--batch-size', 'batchSize'],
  ['bs', 'batchSize'],
  ['epoch', 'epochs'],
  ['max_epochs', 'epochs'],
  ['EPOCHS', 'epochs'],
  ['imgsz', 'data.size'],
  ['size', 'data.size'],
  ['image_size', 'data.size'],
  ['device', 'backend'],
  ['gpu', 'backend'],
  ['arch', 'model'],
  ['patience', 'earlyStopping.patience'],
  ['label_smoothing', 'task.labelSmoothing'],
  ['ema', 'ema.decay'],
  ['project', 'runs'],
  ['dataset', 'folder'],
  ['pretrained', 'weights'],
  ['freeze_layers', 'freeze'],
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

test.each(['workers', 'num_workers', 'amp', '--fp16', 'shuffle'])('why there is no %s is said', (word) => {
  expect(settingMeantBy(word, paths)).toBeUndefined()
  expect(absentSetting(word)).toMatch(/leave it out$/)
})

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
