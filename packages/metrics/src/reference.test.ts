import { readFileSync } from 'node:fs'
import { type Tensor, tensor } from '@ddnet/ops'
import { defined, describeBackends, itemAt, jsonFixture } from '@ddnet/testing'
import { describe, expect, test } from 'vitest'
import { references } from '../test/references.ts'
import { valueOver } from '../test/value-over.ts'
import * as exported from './index.ts'
import {
  type Average,
  accuracy,
  calibrationError,
  classAveragePrecision,
  classF1,
  classIou,
  classPrecision,
  classRecall,
  cocoScoreNames,
  cocoScores,
  confusionMatrix,
  diceScore,
  f1,
  frechetDistance,
  type Measure,
  meanAveragePrecision,
  meanIou,
  perplexity,
  precision,
  psnr,
  recall,
  ssim,
  topKAccuracy,
} from './index.ts'

/** NaN is null. */
type Value = number | null
type Scores = readonly [precision: Value, recall: Value, f1: Value]
type EachScores = readonly [precision: Value[], recall: Value[], f1: Value[]]

interface ClassCase {
  readonly name: string
  readonly shape: readonly number[]
  readonly logits: readonly number[]
  readonly labels: readonly number[]
  readonly expected: {
    readonly confusion: readonly (readonly number[])[]
    readonly 'zeroDivision 0': Readonly<Record<Average, Scores>> & { readonly none: EachScores }
    readonly 'zeroDivision 1': Readonly<Record<Average, Scores>> & { readonly none: EachScores }
    readonly meanIou: number
    readonly classIou: readonly Value[]
    readonly accuracy: number
    readonly top2: number
    readonly perplexity: number
    readonly calibrationError: Readonly<Record<string, number>>
    readonly diceScore?: number
  }
}
interface Fixtures {
  readonly versions: Readonly<Record<string, string>>
  readonly classes: readonly ClassCase[]
  readonly pictures: readonly {
    readonly name: string
    readonly shape: readonly number[]
    readonly range: number
    readonly a: readonly number[]
    readonly b: readonly number[]
    readonly ssim: number
    readonly psnr: number
  }[]
  readonly frechet: readonly {
    readonly name: string
    readonly features: number
    readonly real: readonly number[][]
    readonly generated: readonly number[][]
    readonly distance: number
  }[]
  readonly coco: readonly {
    readonly name: string
    readonly pictures: readonly { readonly true: readonly number[][]; readonly found: readonly number[][] }[]
    readonly scores: readonly Value[]
  }[]
}
const fixtures = jsonFixture('metrics.json') as Fixtures // which fixtures/make_metrics.py writes
const cocoClasses: Readonly<Record<string, readonly Value[]>> = JSON.parse(
  readFileSync(new URL('../../../fixtures/coco-classes.json', import.meta.url), 'utf8'),
)

/** What a trainer makes of the measures of several batches, whose states have been in a file. */
const over = <V>([first, ...others]: readonly Measure<V>[]): Promise<V> => valueOver(defined(first), ...others)

type Rows = readonly [begin: number, end: number]

/** All at once, and in two uneven batches. */
const splits = (batch: number): readonly { readonly name: string; readonly batches: readonly Rows[] }[] => [
  { name: 'in one batch', batches: [[0, batch]] },
  ...(batch < 2
    ? []
    : [
        {
          name: 'in two uneven batches',
          batches: [
            [0, 1],
            [1, batch],
          ] as const,
        },
      ]),
]

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

function part(
  values: readonly number[],
  shape: readonly number[],
  [begin, end]: Rows,
  dtype: 'float32' | 'int32' = 'float32',
): Tensor {
  const inner = shape.slice(1)
  const size = sizeOf(inner)
  return tensor(values.slice(begin * size, end * size), [end - begin, ...inner], dtype)
}

/** Fails unless a metric's values are as near to the expected ones as docs/metrics.md says. */
function expectNear(metric: string, values: number | readonly number[], expected: Value | readonly Value[]): void {
  const [got, wanted] = [[values].flat(), [expected].flat()]
  const { within } = references[metric] ?? expect.fail(`no reference of ${metric}`)
  expect(got.length, metric).toBe(wanted.length)
  for (const [at, value] of got.entries()) {
    const target = wanted[at] ?? Number.NaN
    if (Number.isNaN(target)) expect(value, metric).toBeNaN()
    else expect(Math.abs(value - target), metric).toBeLessThanOrEqual(within * Math.max(1, Math.abs(target)))
  }
}

test('docs/metrics.md says what each metric is compared with', async () => {
  const rows = Object.entries(references).map(([metric, { of, within }]) => [`\`${metric}\``, of, String(within)])
  const cells = [['metric', 'reference', 'within'], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => itemAt(row, column).length)))
  const line = (row: readonly string[]) => `| ${row.map((cell, at) => cell.padEnd(itemAt(widths, at))).join(' | ')} |`
  const [head = [], ...body] = cells
  const ruler = line(widths.map((width) => '-'.repeat(width)))
  const versions = Object.entries(fixtures.versions).map(([name, version]) => `${name} ${version}`)
  const page = `# Metrics

Written by \`pnpm vitest run packages/metrics -u\`. Each metric is compared with its reference on every backend, \`cpu\`, \`wasm\`,
\`webgpu\` and \`tensorflow\`, over the cases of \`fixtures/make_metrics.py\` (${versions.join(', ')}): in one batch, and in two
uneven ones whose states were written as JSON and merged. \`within\` is the largest error that the test allows, relative to the value, or to 1.

${[line(head), ruler, ...body.map(line)].join('\n')}

By the formula in their tests: ${byFormula.map((name) => `\`${name}\``).join(', ')}.
`
  const metrics = Object.keys(exported).filter((name) => /^[a-z]/.test(name) && !tools.includes(name))
  expect(metrics.filter((name) => !page.includes(`\`${name}\``))).toEqual([])
  await expect(page).toMatchFileSnapshot('../../../docs/metrics.md')
})

/** Metrics without a reference in another library. */
const byFormula = [
  'meanSquaredError', //
  'meanAbsoluteError',
  'average',
  'classAccuracy',
]

/** Exports that measure nothing of their own. */
const tools = ['formatPercent', 'cocoScoreNames', 'stateMeasure', 'sumMeasure', 'weightedMean']

describeBackends('scores of classes, beside scikit-learn’s', () => {
  describe.each(fixtures.classes)('$name', ({ shape, logits, labels, expected }) => {
    const classes = shape.at(-1) as number
    test.each(splits(itemAt(shape, 0)))('$name', async ({ batches: ranges }) => {
      type Of<V> = (logits: Tensor, labels: Tensor) => Measure<V>
      const score = <V>(of: Of<V>): Promise<V> =>
        over(ranges.map((each) => of(part(logits, shape, each), part(labels, shape.slice(0, -1), each, 'int32'))))
      expectNear('confusionMatrix', (await score(confusionMatrix)).flat(), expected.confusion.flat())
      expectNear('accuracy', await score(accuracy), expected.accuracy)
      if (classes > 1) expectNear('topKAccuracy', await score((x, y) => topKAccuracy(x, y, 2)), expected.top2)
      for (const zeroDivision of [0, 1] as const) {
        const scores = expected[`zeroDivision ${zeroDivision}`]
        for (const average of ['macro', 'weighted', 'micro'] as const) {
          const options = { average, zeroDivision }
          expectNear('precision', await score((x, y) => precision(x, y, options)), scores[average][0])
          expectNear('recall', await score((x, y) => recall(x, y, options)), scores[average][1])
          expectNear('f1', await score((x, y) => f1(x, y, options)), scores[average][2])
        }
        expectNear('classPrecision', await score((x, y) => classPrecision(x, y, { zeroDivision })), scores.none[0])
        expectNear('classRecall', await score((x, y) => classRecall(x, y, { zeroDivision })), scores.none[1])
        expectNear('classF1', await score((x, y) => classF1(x, y, { zeroDivision })), scores.none[2])
      }
      expectNear('meanIou', await score(meanIou), expected.meanIou)
      expectNear('classIou', await score(classIou), expected.classIou)
      expectNear('perplexity', await score(perplexity), expected.perplexity)
      for (const [bins, error] of Object.entries(expected.calibrationError)) {
        expectNear('calibrationError', await score((x, y) => calibrationError(x, y, { bins: Number(bins) })), error)
      }
      if (expected.diceScore !== undefined) expectNear('diceScore', await score(diceScore), expected.diceScore)
    })
  })
})

describeBackends('scores of pictures, beside scikit-image’s', () => {
  describe.each(fixtures.pictures)('$name', ({ shape, range, a, b, ...expected }) => {
    test.each(splits(itemAt(shape, 0)))('$name', async ({ batches: ranges }) => {
      const score = (of: typeof ssim | typeof psnr) =>
        over(ranges.map((each) => of(part(a, shape, each), part(b, shape, each), { range })))
      expectNear('ssim', await score(ssim), expected.ssim)
      expectNear('psnr', await score(psnr), expected.psnr)
    })
  })
})

describeBackends('frechetDistance, beside scipy’s', () => {
  test.each(fixtures.frechet)('$name', async ({ features, real, generated, distance }) => {
    const of = (a: readonly number[][], b: readonly number[][]) =>
      frechetDistance(tensor(a.flat(), [a.length, features]), tensor(b.flat(), [b.length, features]))
    expectNear('frechetDistance', (await over([of(real, generated)])) / distance, 1)
    const batches = [of(real.slice(0, 1), generated.slice(0, 2)), of(real.slice(1), []), of([], generated.slice(2))]
    expectNear('frechetDistance', (await over(batches)) / distance, 1)
  })
})

describeBackends('scores of boxes, beside pycocotools’', () => {
  /** The boxes of some pictures as a loader and a detector give them, filled up with what is none. */
  function batch(pictures: (typeof fixtures.coco)[number]['pictures']) {
    const most = (of: 'true' | 'found') => Math.max(...pictures.map((picture) => picture[of].length))
    const rows = (of: 'true' | 'found', width: number) =>
      pictures.map((picture) => [
        ...picture[of],
        ...new Array(most(of) - picture[of].length).fill(new Array(width).fill(-1)),
      ])
    const column = (of: 'true' | 'found', width: number, from: number, to: number, dtype: 'float32' | 'int32') =>
      tensor(
        rows(of, width)
          .flat()
          .flatMap((row) => row.slice(from, to)),
        [pictures.length, most(of), ...(to - from > 1 ? [to - from] : [])],
        dtype,
      )
    return [
      {
        boxes: column('found', 6, 0, 4, 'float32'),
        scores: column('found', 6, 4, 5, 'float32'),
        labels: column('found', 6, 5, 6, 'int32'),
      },
      {
        boxes: column('true', 7, 0, 4, 'float32'),
        labels: column('true', 7, 4, 5, 'int32'),
        crowd: column('true', 7, 5, 6, 'int32'),
        area: column('true', 7, 6, 7, 'float32'),
      },
    ] as const
  }

  describe.each(fixtures.coco)('$name', ({ name, pictures, scores }) => {
    test.each(splits(pictures.length))('$name', async ({ batches: ranges }) => {
      const batches = ranges.map(([begin, end]) => batch(pictures.slice(begin, end)))
      expectNear('cocoScores', await over(batches.map((each) => cocoScores(...each))), scores)
      for (const score of ['AP', 'AP50', 'ARlarge'] as const) {
        const expected = scores[cocoScoreNames.indexOf(score)] as Value
        expectNear(
          'meanAveragePrecision',
          await over(batches.map((each) => meanAveragePrecision(...each, { score }))),
          expected,
        )
      }
      const ofClasses = cocoClasses[name] ?? expect.fail(`no classes of ${name}`)
      expectNear(
        'classAveragePrecision',
        await over(batches.map((each) => classAveragePrecision(...each, { classes: ofClasses.length }))),
        ofClasses,
      )
    })
  })

  test('areas are those of the boxes, and nothing is a crowd, where it is not told', async () => {
    const [{ pictures, scores }] = fixtures.coco as readonly [(typeof fixtures.coco)[number]]
    const [found, { boxes, labels }] = batch(pictures)
    expectNear('cocoScores', await over([cocoScores(found, { boxes, labels })]), scores)
  })
})
