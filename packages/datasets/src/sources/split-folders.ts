import { itemAt } from '@ddnet/ops/checks'
import { DatasetError } from '../dataset-error.ts'

export type SplitName = 'train' | 'validation' | 'test'

const WORDS: Readonly<Record<string, SplitName>> = {
  ...{ train: 'train', training: 'train' },
  ...{ val: 'validation', valid: 'validation', validation: 'validation', validate: 'validation' },
  ...{
    dev: 'validation',
    devel: 'validation',
    development: 'validation',
    eval: 'validation',
    evaluation: 'validation',
  },
  ...{ test: 'test', testing: 'test', tests: 'test' },
}

/** What people write beside these words without meaning anything by it: `training_set`, `test-images`, `val2017`. */
const FILLERS = new Set([
  'set',
  'sets',
  'data',
  'dataset',
  'split',
  'image',
  'images',
  'img',
  'imgs',
  'photo',
  'photos',
  'picture',
  'pictures',
])

/** `trainSet_2017` → `train`, `set`, `2017`; `testset` → `test`, `set`. */
const wordsOf = (folder: string): string[] =>
  folder
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .replace(/(\d+)/g, ' $1 ')
    .split(/[^a-z\d]+/)
    .filter(Boolean)
    .flatMap(
      (word) =>
        /^(train|training|val|valid|validation|test|testing|dev|eval)(set|data|images?)$/.exec(word)?.slice(1) ?? [
          word,
        ],
    )

/** The part of a data set that a folder of this name is, as people write it: `Train`, `training_set`, `VAL`, `test2017`. */
export function splitOf(folder: string): SplitName | undefined {
  const words = wordsOf(folder).filter((word) => !FILLERS.has(word) && !/^(19|20)\d\d$/.test(word))
  return words.length === 1 ? WORDS[itemAt(words, 0)] : undefined
}

const splitsIn = (folder: string): SplitName[] => wordsOf(folder).flatMap((word) => WORDS[word] ?? [])

/**
 * Which folders at the top of a data set are its parts; nothing where they are classes, among which there may be one that is
 * called `train`.
 *
 * @param names of images in folders, as `train/cat/1.jpg`
 * @param path how errors name a folder
 * @throws DatasetError for folders that look like parts and cannot be read as these
 */
export function splitFolders(
  names: readonly string[],
  path: (folder: string) => string,
): Partial<Record<SplitName, string>> | undefined {
  const parts = names.map((name) => name.split('/'))
  const folders = [...new Set(parts.map(([first]) => first as string))]
  /** Whether images lie in folders of their own in it, and not in it alone. */
  const hasClasses = (folder: string) => parts.some(({ 0: first, length }) => first === folder && length > 2)
  const isSplit = (folder: string) => splitOf(folder) !== undefined
  const list = (some: readonly string[]) => some.map(path).join(', ')
  const refuse = (problem: string, remedy: string): never => {
    throw new DatasetError(
      `${problem}. Expected train/cat/1.jpg, val/cat/2.jpg and test/cat/3.jpg, or cat/1.jpg alone. ${remedy}`,
    )
  }
  if (folders.length > 0 && folders.every(isSplit)) {
    const found: Partial<Record<SplitName, string>> = {}
    for (const folder of folders) {
      const split = splitOf(folder) as SplitName
      const other = found[split]
      if (other !== undefined) {
        refuse(
          `${list([other, folder])}: both are named as the ${split} images`,
          'Keep one of them here, or put them together.',
        )
      }
      if (!hasClasses(folder)) {
        refuse(
          `${path(folder)} is named as the ${split} images, and its images are in no class folder`,
          split === 'train'
            ? 'Put them into a folder a class.'
            : 'Put them into a folder a class, or move the folder out; a trained model names them by `predict`.',
        )
      }
      found[split] = folder
    }
    if (found.train === undefined)
      refuse(`${list(folders)}: there are no training images beside`, 'Add them, as train/cat/1.jpg.')
    return found
  }
  const alike = folders.filter((folder) => splitsIn(folder).length > 0)
  const count = (some: readonly string[]) => new Set(some.flatMap(splitsIn)).size
  // One alone, with images in it, may well be a class: `train` beside `bus`, `train_station/platform` beside `airfield`.
  const isMeant =
    alike.filter(isSplit).some(hasClasses) ||
    count(alike.filter(isSplit)) > 1 ||
    count(alike.filter(hasClasses)) > 1 ||
    (alike.length > 0 && alike.length === folders.length)
  if (isMeant) {
    const others = folders.filter((folder) => !alike.includes(folder))
    refuse(
      `${list(alike.slice(0, 3))} ${alike.length === 1 ? 'looks like a folder' : 'look like folders'} for training or testing${others.length > 0 ? `, and ${list(others.slice(0, 3))} beside them ${others.length === 1 ? 'does' : 'do'} not` : ', by names that are not known'}`,
      'Move what does not belong there out, or rename it: train, val and test are known. If all are classes, give these another name.',
    )
  }
  const withinClasses = folders.filter((folder) =>
    parts.every(([first, second = '', third]) => first !== folder || (third !== undefined && isSplit(second))),
  )
  if (withinClasses.length === folders.length && folders.length > 0) {
    refuse(
      `${path(itemAt(folders, 0))} has folders for training and testing within a class`,
      'Move them above the classes.',
    )
  }
  return undefined
}
