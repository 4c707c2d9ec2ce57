import { basename, join, resolve } from 'node:path'
import type { ClassificationSample, Dataset } from '@ddnet/datasets'
import { type Evaluation, firstSamples, heldOut, predictSamples, reportData } from '@ddnet/experiment'
import { itemAt } from '@ddnet/ops/checks'
import { encodePng, htmlReport } from '@ddnet/visuals'
import { z } from 'zod'
import type { CommandContext } from '../context.ts'
import { readImage } from '../data/read-image.ts'
import { UsageError } from '../errors.ts'
import { makeFolder, writeWhole } from '../files.ts'
import { insidePictures, type PictureName } from '../pictures/index.ts'
import type { NamedPicture, Subject } from '../pictures/subject.ts'
import { samplePictures } from '../run/conclude-run.ts'
import { evaluateHeldOut } from '../run/evaluate-held-out.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { formatBytes } from '../terminal/format.ts'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { createLogger } from '../terminal/logger.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'

export interface VisualizeOptions extends UseOptions {
  readonly to?: string
  readonly only?: string
  readonly json?: boolean
}

/** Images to look at, where no others are given. */
const imageCount = 4
/** Images to search for what excites a channel. */
const searchedImages = 1000

/** `ddnet visualize RUN [IMAGE…]`: what a run has learned, as PNGs and as one page. */
export async function visualize(
  path: string,
  files: readonly string[],
  options: VisualizeOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context
  const names = namesOf(options.only)
  const run = await useRun(path, options, context)
  try {
    const folder = options.to ?? join(run.folder.path, 'pictures')
    if (options.to === undefined) await run.folder.refuseLink('pictures')
    await makeFolder(resolve(io.cwd, folder), folder, '--to FOLDER')
    const subject = await subjectOf(run, files, io)
    const say = options.json ? () => {} : createLogger({ ...io, stderr: io.stdout })
    say('pictures', folder)
    const made: (NamedPicture & { readonly bytes: number })[] = []
    const leftOut: { name: PictureName; reason: string }[] = []
    for (const name of names) {
      const found = await watched(name, subject, io)
      if ('leftOut' in found) {
        leftOut.push({ name, reason: found.leftOut })
        say('', `no ${name}: ${found.leftOut}`)
        continue
      }
      for (const each of found) {
        const png = encodePng(each.picture)
        await writeWhole(resolve(io.cwd, folder, `${each.name}.png`), png)
        made.push({ ...each, bytes: png.length })
        say('', lineOf(each, png.length))
      }
    }
    // A report with some of the pictures would take the place of one with all.
    const report = options.only === undefined ? join(options.to ?? run.folder.path, 'report.html') : undefined
    if (report !== undefined) {
      const html = await reportOf(run, subject, made)
      const bytes = new TextEncoder().encode(html)
      await writeWhole(resolve(io.cwd, report), bytes)
      say('report', `${report} (${formatBytes(bytes.length)})`)
    }
    if (!options.json) return
    const pictures = made.map(({ name, title, caption, picture: { width, height }, bytes }) => {
      return { file: join(folder, `${name}.png`), title, caption, width, height, bytes }
    })
    const about = { run: run.folder.path, checkpoint: options.checkpoint, step: run.checkpoint.step }
    io.stdout.write(`${JSON.stringify({ ...about, pictures, leftOut, ...(report && { report }) })}\n`)
  } finally {
    run.dispose()
  }
}

const allNames = Object.keys(insidePictures) as PictureName[]

function namesOf(only: string | undefined): PictureName[] {
  if (only === undefined) return allNames
  return only.split(',').map((name) => {
    if ((allNames as string[]).includes(name)) return name as PictureName
    throw new UsageError(`--only ${only}: there is no picture '${name}'. There are: ${allNames.join(', ')}`)
  })
}

/** The images that are given; else some that the run was not trained on, of as many classes as there are of them. */
async function subjectOf(run: UsedRun, files: readonly string[], io: Io): Promise<Subject> {
  const { model, task, config, facts, folder } = run
  const records = await folder.readRecords()
  const measured = await resultOf(run)
  const given = await Promise.all(files.map((file) => readImage(resolve(io.cwd, file), facts.image, file)))
  const common = { model, task, config, facts, records }
  if (given.length > 0) {
    const many = { length: given.length, get: async (index: number) => itemAt(given, index) }
    return { ...common, evaluation: measured, images: given, many }
  }
  const data = await run.loadData()
  const evaluation = measured ?? (await evaluateHeldOut({ model, task, config, data }, io))
  const { samples } = heldOut(data)
  const many = { length: Math.min(searchedImages, samples.length), get: samples.get }
  return { ...common, evaluation, images: await ofDifferentClasses(samples), many }
}

const resultSchema = z
  .object({ step: z.number(), split: z.enum(['test', 'validation']), headline: z.string() })
  .catchall(z.json())

/** What result.json says of this checkpoint; nothing where it is of another one. */
async function resultOf({ folder, checkpoint }: UsedRun): Promise<Evaluation | undefined> {
  const result = await folder.readJson('result', resultSchema)
  if (result?.step !== checkpoint.step) return undefined
  const { step: _, split, headline, ...figures } = result
  return { split, headline, figures }
}

async function ofDifferentClasses(images: Dataset<ClassificationSample>): Promise<ClassificationSample[]> {
  const candidates = await firstSamples(images, searchedImages)
  const firsts = candidates.filter(({ label }, index) => candidates.findIndex((each) => each.label === label) === index)
  const others = candidates.filter((each) => !firsts.includes(each))
  return [...firsts, ...others].slice(0, imageCount)
}

async function watched(name: PictureName, subject: Subject, io: Io) {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  try {
    return await insidePictures[name](subject, (done, total) =>
      line.update((columns) => countLine(name, done, total, columns, style)),
    )
  } finally {
    line.clear()
  }
}

const lineOf = ({ name, picture: { width, height } }: NamedPicture, bytes: number): string =>
  `${`${name}.png`.padEnd(28)}${`${width}×${height}`.padEnd(12)}${formatBytes(bytes)}`

/** What a report draws by itself. */
const drawnAnyway: readonly string[] = ['curves', 'confusion', 'predictions']

async function reportOf(run: UsedRun, subject: Subject, made: readonly NamedPicture[]): Promise<string> {
  const { folder, checkpoint } = run
  const { length, get } = subject.many
  const shown = await firstSamples({ length, get })
  const report = reportData({
    ...subject,
    title: basename(folder.path),
    step: checkpoint.step,
    environment: await folder.readEnvironment(),
    samples: await predictSamples(subject, shown),
    pictures: [...(await samplePictures(folder)), ...made.filter(({ name }) => !drawnAnyway.includes(name))],
  })
  return htmlReport(report)
}
