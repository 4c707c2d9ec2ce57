import { describe, expect, test } from 'vitest'
import { splitFolders, splitOf } from './split-folders.ts'

const path = (folder: string) => `photos/${folder}`
const splits = (...folders: string[]) =>
  splitFolders(
    folders.flatMap((folder) => `${folder}/cat/1.jpg`),
    path,
  )
const classes = (...folders: string[]) =>
  splitFolders(
    folders.flatMap((folder) => `${folder}/1.jpg`),
    path,
  )

test.each([
  [
    'train',
    [
      'Train',
      'TRAIN',
      'training',
      'Training',
      'training_set',
      'train_images',
      'trainset',
      'TrainSet',
      'train2017',
      'train-data',
    ],
  ],
  [
    'validation',
    [
      'val',
      'Val',
      'VAL',
      'valid',
      'validation',
      'Validation',
      'dev',
      'eval',
      'val2017',
      'validation_set',
      'valset',
      'dev-set',
    ],
  ],
  ['test', ['test', 'Test', 'TEST', 'testing', 'test_set', 'testset', 'test_images', 'Test Images', 'test-data']],
  [
    undefined,
    ['cat', 'trainer', 'testament', 'train_station', 'value', 'train_val', 'train1', 'old_test', 'devil', ''],
  ],
] as const)('%s is written in many ways', (split, names) => {
  for (const name of names) expect(splitOf(name), name).toBe(split)
})

describe('the folders at the top', () => {
  test.each<[string[], object]>([
    [['Train', 'Test'], { train: 'Train', test: 'Test' }],
    [['training', 'testing'], { train: 'training', test: 'testing' }],
    [['training_set', 'test_set'], { train: 'training_set', test: 'test_set' }],
    [['train', 'VAL'], { train: 'train', validation: 'VAL' }],
    [['train', 'val', 'test'], { train: 'train', validation: 'val', test: 'test' }],
    [['train'], { train: 'train' }],
  ])('%j are parts', (folders, expected) => {
    expect(splits(...folders)).toEqual(expected)
  })

  test.each([[['cat', 'dog']], [['train', 'bus', 'tram']], [['test tube', 'flask']], [['dev', 'prod']]])(
    '%j with images in them are classes',
    (folders) => {
      expect(classes(...folders)).toBeUndefined()
    },
  )

  test('train_station/platform beside other places is a class', () => {
    expect(splitFolders(['airfield/1.jpg', 'train_station/platform/1.jpg'], path)).toBeUndefined()
  })

  test.each<[string, () => unknown, string]>([
    [
      'two for training',
      () => splits('train', 'Training'),
      'photos/train, photos/Training: both are named as the train images',
    ],
    ['no training images', () => splits('val', 'test'), 'photos/val, photos/test: there are no training images beside'],
    ['test alone', () => splits('test'), 'there are no training images'],
    [
      'parts beside a class',
      () => splits('train', 'test', 'cat'),
      'photos/train, photos/test look like folders for training or testing, and photos/cat beside them does not',
    ],
    [
      'a part beside a copy',
      () => splits('train', 'train_old'),
      'photos/train, photos/train_old look like folders for training or testing, by names that are not known',
    ],
    ['unknown names of parts', () => splits('Train2', 'Test2'), 'photos/Train2, photos/Test2 look like'],
    ['a misspelt one', () => splits('train', 'tset'), 'photos/train looks like a folder'],
    [
      'parts without classes',
      () => classes('train', 'test'),
      'photos/train is named as the train images, and its images are in no class folder',
    ],
    [
      'a test folder without classes',
      () => splitFolders(['train/cat/1.jpg', 'test/1.jpg'], path),
      'photos/test is named as the test images, and its images are in no class folder',
    ],
    ['parts without classes beside a class', () => classes('train', 'test', 'cat'), 'look like folders'],
    [
      'parts within classes',
      () => splitFolders(['cat/train/1.jpg', 'cat/test/2.jpg', 'dog/train/3.jpg'], path),
      'photos/cat has folders for training and testing within a class',
    ],
  ])('%s are refused', (_, reading, message) => {
    expect(reading).toThrow(message)
    expect(reading).toThrow('Expected train/cat/1.jpg, val/cat/2.jpg and test/cat/3.jpg, or cat/1.jpg alone.')
  })
})
