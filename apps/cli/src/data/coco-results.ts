import { existsSync } from 'node:fs'
import { basename, dirname, resolve, sep } from 'node:path'
import { coco } from '@ddnet/datasets'
import { diskFiles } from '@ddnet/datasets/node'
import { cocoAnnotations, type RunTask } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { CliError, UsageError } from '../errors.ts'
import { writeWhole } from '../files.ts'
import type { UsedRun } from '../run/use-run.ts'
import type { ShippedModel } from '../run/use-shipped-model.ts'
import { formatCount } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'

type FoundBox = ReturnType<NonNullable<RunTask['views']['boxes']>>[number]

interface ResultOptions {
  /** Where they are written. */
  readonly coco?: string
  /** COCO's JSON with the ids of the images, where it is not the run's own. */
  readonly annotations?: string
  readonly force?: boolean
}

interface CocoResults {
  /** @param name the path of an image, as it was given */
  add(name: string, boxes: readonly FoundBox[]): void
  /** Writes the file; what it says of it. */
  write(): Promise<string>
}

/**
 * Boxes as COCO's results, `[{ image_id, category_id, bbox, score }]`, with the ids that COCO's JSON has for the images' files and the classes:
 * that of `--annotations`, or those of the run.
 *
 * @throws UsageError for a task that finds no boxes, without images, and for images that the JSON does not name
 */
export async function cocoResults(
  run: UsedRun | ShippedModel,
  images: readonly string[],
  { coco: file = '', annotations, force = false }: ResultOptions,
  { cwd }: Pick<Io, 'cwd'>,
): Promise<CocoResults> {
  const { task, classNames } = run
  if (task.views.boxes === undefined) {
    throw new UsageError(`--coco is of runs that find boxes, and this one's task is ${task.name}. Leave it out.`)
  }
  if (images.length === 0)
    throw new UsageError('--coco needs images, as in: ddnet predict RUN images --coco results.json')
  const target = resolve(cwd, file)
  if (existsSync(target) && !force) throw new CliError(`${file} exists already. Give another name, or --force.`)
  const paths = annotations === undefined ? await ownAnnotations(run, cwd) : [annotations]
  const ids = await Promise.all(paths.map((path) => idsOf(path, cwd)))
  const categories = classNames.map((name) => {
    const id = ids.map(({ categories }) => categories.get(name)).find((each) => each !== undefined)
    if (id !== undefined) return id
    throw new UsageError(
      `${paths.join(', ')} has no category ${name}, which is a class of the run. Give the JSON that has it.`,
    )
  })
  const idOf = (image: string): number | string => {
    const path = resolve(cwd, image)
    for (const { images } of ids) {
      for (const [name, id] of images) if (path.endsWith(`${sep}${name.replaceAll('/', sep)}`)) return id
    }
    throw new UsageError(
      `${image} is no image of ${paths.join(', ')}, and COCO's results need its id. Give the JSON of these images with --annotations FILE`,
    )
  }
  const known = new Map(images.map((image) => [image, idOf(image)])) // before anything is predicted
  const rows: object[] = []
  return {
    add(name, boxes) {
      for (const { box, label, score } of boxes) {
        const [left, top, right, bottom] = box
        const bbox = [left, top, right - left, bottom - top]
        rows.push({ image_id: known.get(name), category_id: itemAt(categories, label), bbox, score })
      }
    },
    async write() {
      await writeWhole(target, new TextEncoder().encode(`${JSON.stringify(rows)}\n`))
      return `${formatCount(rows.length)} boxes in ${file}`
    },
  }
}

async function ownAnnotations(run: UsedRun | ShippedModel, cwd: string): Promise<readonly string[]> {
  const { data } = run.config
  if (data.name === 'coco') return cocoAnnotations(data, { files: (directory) => diskFiles(resolve(cwd, directory)) })
  throw new UsageError(
    `the data of this run, ${data.name}, have no ids of images. Give COCO's JSON with --annotations FILE`,
  )
}

/** The ids of a JSON's images, by their file names, and of its categories, by theirs. */
async function idsOf(path: string, cwd: string) {
  const whole = resolve(cwd, path)
  const all = await coco(diskFiles(dirname(whole)), { annotations: basename(whole) })
  return {
    images: new Map(all.names.map((name, at) => [name, idFrom(itemAt(all.imageIds, at))])),
    categories: new Map(all.classNames.map((name, label) => [name, idFrom(itemAt(all.categoryIds, label))])),
  }
}

/** Ids are whole numbers, beyond 2^53 and where they are none texts. */
const idFrom = (id: string): number | string => (/^-?\d{1,15}$/.test(id) ? Number(id) : id)
