import { type HostTensor, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'
import { formatPercent } from './accuracy.ts'
import { type Measure, stateMeasure } from './measure.ts'

/** Boxes that a detector found, for each sample as many rows; those with the label −1 are none. */
export interface Detections {
  /** Left, top, right and bottom in pixels: `[batch, most, 4]`, float32. */
  readonly boxes: Tensor
  /** How sure it is of each: `[batch, most]`, float32. */
  readonly scores: Tensor
  /** The class of each: `[batch, most]`, int32. */
  readonly labels: Tensor
}

/** Boxes that there are, as a loader collates them: those with the label −1 are none. */
export interface TrueBoxes {
  /** Left, top, right and bottom in pixels: `[batch, most, 4]`, float32. */
  readonly boxes: Tensor
  /** The class of each: `[batch, most]`, int32. */
  readonly labels: Tensor
  /** Where it is not 0, a box is around a crowd: any number of detections may lie in it, and it need not be found. `[batch, most]` */
  readonly crowd?: Tensor
  /** The area of each object, if it is not that of its box, as of COCO's outlines: `[batch, most]`. */
  readonly area?: Tensor
}

export interface CocoScoreOptions {
  /** How many there are: then a label beyond them is an error. */
  readonly classes?: number
}

/** One of COCO's twelve scores. */
export type CocoScoreName =
  | ('AP' | 'AP50' | 'AP75' | 'APsmall' | 'APmedium' | 'APlarge')
  | ('AR1' | 'AR10' | 'AR100' | 'ARsmall' | 'ARmedium' | 'ARlarge')

/**
 * The names of `cocoScores`, in pycocotools' order. AP is the mean precision over 101 recalls, ten intersections over union from
 * 0.50 to 0.95, or one of them, and classes; AR is the mean of the largest recall with up to so many detections a picture and
 * class. Small objects are below 32² pixels, large ones above 96².
 */
export const cocoScoreNames: readonly CocoScoreName[] = [
  ...(['AP', 'AP50', 'AP75', 'APsmall', 'APmedium', 'APlarge'] as const),
  ...(['AR1', 'AR10', 'AR100', 'ARsmall', 'ARmedium', 'ARlarge'] as const),
]

/**
 * COCO's twelve scores of detected boxes, in the order of `cocoScoreNames`. NaN where there is nothing to find, as no small object:
 * pycocotools says −1.
 *
 * A state keeps six numbers of each detection, and no boxes.
 *
 * @throws ShapeError if the shapes do not fit; when it is read, RangeError for a label below −1 or beyond `classes`, and for a
 * score that is NaN
 * @see pycocotools.cocoeval.COCOeval with iouType='bbox'
 * @example { metrics: { AP: meanAveragePrecision(found, { boxes, labels: boxLabels }), coco: cocoScores(found, { boxes, labels: boxLabels }) } }
 */
export const cocoScores = (
  detections: Detections,
  targets: TrueBoxes,
  options: CocoScoreOptions = {},
): Measure<readonly number[]> => cocoMeasure('cocoScores', detections, targets, options)

/**
 * COCO's mean average precision of detected boxes: the first of `cocoScores`, or the one that `score` names. NaN where there is
 * nothing to find.
 *
 * @throws what `cocoScores` throws; RangeError for a score that there is not
 * @see pycocotools.cocoeval.COCOeval with iouType='bbox'
 */
export function meanAveragePrecision(
  detections: Detections,
  targets: TrueBoxes,
  { score = 'AP', ...options }: CocoScoreOptions & { readonly score?: CocoScoreName } = {},
): Measure {
  const place = placeOf('meanAveragePrecision', score)
  const all = cocoMeasure('meanAveragePrecision', detections, targets, options)
  return {
    ...all,
    compute: (state) => itemAt(all.compute(state), place),
    better: 'higher',
    format: formatPercent,
  }
}

/**
 * The average precision of each class, or the score that `score` names. NaN where there is nothing to find of a class.
 *
 * @throws what `cocoScores` throws; RangeError for a score that there is not
 * @see pycocotools.cocoeval.COCOeval: `eval['precision']` of one category
 */
export function classAveragePrecision(
  detections: Detections,
  targets: TrueBoxes,
  { score = 'AP', classes }: Required<CocoScoreOptions> & { readonly score?: CocoScoreName },
): Measure<readonly number[]> {
  const place = placeOf('classAveragePrecision', score)
  const compute = (state: CocoState): readonly number[] =>
    Array.from({ length: classes }, (_, label) => {
      const own = state[label]
      return own === undefined ? Number.NaN : itemAt(scoresOf({ [label]: own }), place)
    })
  return cocoMeasure('classAveragePrecision', detections, targets, { classes }, compute)
}

function placeOf(name: string, score: CocoScoreName): number {
  const place = cocoScoreNames.indexOf(score)
  if (place >= 0) return place
  throw new RangeError(`${name}: expected score as one of ${cocoScoreNames.join(', ')}, got '${score}'.`)
}

/** Ten of them, computed as numpy's linspace does. */
const thresholds = Array.from({ length: 10 }, (_, at) => (at === 9 ? 0.95 : at * ((0.95 - 0.5) / 9) + 0.5))
const recalls = Array.from({ length: 101 }, (_, at) => (at === 100 ? 1 : at * 0.01))
/** All, small, medium and large ones, with both ends. */
const areas = [
  [0, 1e10],
  [0, 32 ** 2],
  [32 ** 2, 96 ** 2],
  [96 ** 2, 1e10],
] as const
const mostDetections = 100

/**
 * One detection: its score, its place in its picture, and for each range of areas bits that say at which thresholds it was
 * matched (the lower ten) and does not count (the upper ten).
 */
type Found = readonly [score: number, place: number, ...bits: number[]]

interface ClassState {
  /** How many boxes there are to be found, in each range of areas. */
  readonly boxes: readonly number[]
  readonly found: readonly Found[]
}

/** By class. */
type CocoState = Readonly<Record<string, ClassState>>

const merge = (a: CocoState, b: CocoState): CocoState => {
  const merged: Record<string, ClassState> = { ...a }
  for (const [label, { boxes, found }] of Object.entries(b)) {
    const before = merged[label]
    merged[label] = {
      boxes: boxes.map((count, at) => count + (before?.boxes[at] ?? 0)),
      found: before === undefined ? found : before.found.concat(found),
    }
  }
  return merged
}

function cocoMeasure(
  name: string,
  detections: Detections,
  targets: TrueBoxes,
  { classes = Number.POSITIVE_INFINITY }: CocoScoreOptions,
  compute: (state: CocoState) => readonly number[] = scoresOf,
): Measure<readonly number[]> {
  const [batch = 0] = detections.boxes.shape
  for (const [role, { boxes, ...others }] of Object.entries({ detections, targets })) {
    const [count, most, sides] = boxes.shape
    const rows = Object.values(others).filter((each) => each !== undefined)
    if (boxes.rank === 3 && sides === 4 && count === batch && rows.every(({ shape }) => same(shape, [batch, most])))
      continue
    const given = Object.entries({ boxes, ...others }).map(([part, { shape }]) => `${part} [${shape}]`)
    throw new ShapeError(
      `${name}: expected ${role} as boxes [batch, most, 4] and the others [batch, most], of the same batch, got ${given.join(', ')}${role === 'targets' ? ` beside detections of ${batch} samples` : ''}.`,
    )
  }
  const { crowd, area } = targets
  return stateMeasure({
    tensors: {
      boxes: detections.boxes,
      scores: detections.scores,
      labels: detections.labels,
      trueBoxes: targets.boxes,
      trueLabels: targets.labels,
      ...(crowd && { crowd }),
      ...(area && { area }),
    },
    state: (values: Readonly<Record<string, HostTensor>>): CocoState => {
      const numbers = (role: string): readonly number[] => Array.from(values[role]?.data ?? [], Number)
      const scores = numbers('scores')
      const broken = scores.findIndex((score, at) => Number.isNaN(score) && Number(values['labels']?.data[at]) !== -1)
      if (broken >= 0) throw new RangeError(`${name}: expected a number as each score, got NaN at position ${broken}.`)
      const found = objectsOf(name, numbers('boxes'), numbers('labels'), classes)
      const all = objectsOf(name, numbers('trueBoxes'), numbers('trueLabels'), classes)
      const [crowds, sizes] = [numbers('crowd'), numbers('area')]
      const rows = { found: detections.scores.shape[1] ?? 0, all: targets.labels.shape[1] ?? 0 }
      const pictures = Array.from({ length: batch }, (_, picture) => {
        const inPicture = (count: number) => (each: Box) => Math.floor(each.at / count) === picture
        return stateOfPicture(
          found.filter(inPicture(rows.found)).map((box) => ({ ...box, score: itemAt(scores, box.at) })),
          all
            .filter(inPicture(rows.all))
            .map((box) => ({ ...box, crowd: (crowds[box.at] ?? 0) !== 0, area: sizes[box.at] ?? box.area })),
        )
      })
      return pictures.reduce(merge, {})
    },
    merge,
    compute,
  })
}

const same = (a: readonly number[], b: readonly (number | undefined)[]): boolean => a.join() === b.join()

interface Box {
  /** Where it is among the rows of the batch. */
  readonly at: number
  readonly label: number
  readonly sides: readonly [left: number, top: number, right: number, bottom: number]
  readonly area: number
}
interface FoundBox extends Box {
  readonly score: number
}
interface TrueBox extends Box {
  readonly crowd: boolean
}

function objectsOf(name: string, boxes: readonly number[], labels: readonly number[], classes: number): Box[] {
  return labels.flatMap((label, at) => {
    if (label === -1) return []
    if (!(Number.isInteger(label) && label >= 0 && label < classes)) {
      const last = Number.isFinite(classes) ? ` … ${classes - 1}` : ' and above'
      throw new RangeError(`${name}: label ${label} is not in 0${last}, nor −1 for no box.`)
    }
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.slice(4 * at, 4 * at + 4)
    return [{ at, label, sides: [left, top, right, bottom] as const, area: (right - left) * (bottom - top) }]
  })
}

/** The detections of one picture, matched with its boxes, class by class. */
function stateOfPicture(found: readonly FoundBox[], all: readonly TrueBox[]): CocoState {
  const labels = [...new Set([...found, ...all].map(({ label }) => label))]
  return Object.fromEntries(
    labels.map((label) => {
      const best = found
        .filter((box) => box.label === label)
        .sort((a, b) => b.score - a.score)
        .slice(0, mostDetections)
      const there = all.filter((box) => box.label === label)
      const overlaps = best.map((box) => there.map((each) => overlapOf(box, each)))
      const matched = areas.map((range) => match(best, there, overlaps, range))
      const rows = best.map(({ score }, place): Found => [score, place, ...matched.map(({ bits }) => bits[place] ?? 0)])
      return [String(label), { boxes: matched.map(({ boxes }) => boxes), found: rows }]
    }),
  )
}

/** Intersection over union; with a crowd, over the detection alone. */
function overlapOf(found: FoundBox, { sides, crowd }: TrueBox): number {
  const [left, top, right, bottom] = found.sides
  const width = Math.min(right, sides[2]) - Math.max(left, sides[0])
  const height = Math.min(bottom, sides[3]) - Math.max(top, sides[1])
  if (!(width > 0 && height > 0)) return 0
  const box = (sides[2] - sides[0]) * (sides[3] - sides[1])
  return (width * height) / (crowd ? found.area : found.area + box - width * height)
}

/** Each detection takes the box that it overlaps most, the surest first; boxes that need not be found come last. */
function match(
  found: readonly FoundBox[],
  all: readonly TrueBox[],
  overlaps: readonly (readonly number[])[],
  [least, most]: readonly [number, number],
): { readonly bits: readonly number[]; readonly boxes: number } {
  const beyond = ({ area }: Box): boolean => area < least || area > most
  const ignored = all.map((box) => box.crowd || beyond(box))
  const order = [...all.keys()].sort((a, b) => Number(ignored[a]) - Number(ignored[b]))
  const bits = found.map(() => 0)
  for (const [level, threshold] of thresholds.entries()) {
    const taken = new Set<number>()
    for (const [place, box] of found.entries()) {
      let best = -1
      let overlap = Math.min(threshold, 1 - 1e-10)
      for (const each of order) {
        if (taken.has(each) && !all[each]?.crowd) continue
        if (best >= 0 && !ignored[best] && ignored[each]) break
        const other = overlaps[place]?.[each] ?? 0
        if (other < overlap) continue
        overlap = other
        best = each
      }
      if (best >= 0) taken.add(best)
      const counts = best >= 0 ? !ignored[best] : !beyond(box)
      bits[place] = (bits[place] ?? 0) | (best >= 0 ? 1 << level : 0) | (counts ? 0 : 1 << (level + thresholds.length))
    }
  }
  return { bits, boxes: ignored.filter((each) => !each).length }
}

/** Precisions at the 101 recalls, and the largest recall; nothing where there is no box to find. */
function curveOf(
  { boxes, found }: ClassState,
  range: number,
  level: number,
): { readonly precisions: readonly number[]; readonly recall: number } | undefined {
  const count = boxes[range] ?? 0
  if (count === 0) return undefined
  let [hits, misses] = [0, 0]
  const points: { recall: number; precision: number }[] = []
  for (const row of found) {
    const bits = row[2 + range] ?? 0
    if ((bits >> (level + thresholds.length)) & 1) continue
    if ((bits >> level) & 1) hits++
    else misses++
    points.push({ recall: hits / count, precision: hits / (hits + misses + Number.EPSILON) })
  }
  for (let at = points.length - 1; at > 0; at--) {
    const [before, point] = [points[at - 1], points[at]]
    if (before && point && point.precision > before.precision) before.precision = point.precision
  }
  let at = 0
  const precisions = recalls.map((recall) => {
    while (at < points.length && (points[at]?.recall ?? 1) < recall) at++
    return points[at]?.precision ?? 0
  })
  return { precisions, recall: hits / count }
}

function scoresOf(state: CocoState): readonly number[] {
  // The surest first, of equal ones in the order of the samples.
  const classes = Object.values(state).map(({ boxes, found }) => ({
    boxes,
    found: found.toSorted((a, b) => b[0] - a[0]),
  }))
  /** By threshold, the curves of all classes, with up to so many detections a picture. */
  const curves = (range: number, most: number) => {
    const kept = classes.map(({ boxes, found }) => ({ boxes, found: found.filter(([, place]) => place < most) }))
    return thresholds.map((_, level) =>
      kept.map((each) => curveOf(each, range, level)).filter((curve) => curve !== undefined),
    )
  }
  type Curves = ReturnType<typeof curves>
  const precision = (of: Curves) => mean(of.flat().map(({ precisions }) => mean(precisions)))
  const recall = (of: Curves) => mean(of.flat().map(({ recall }) => recall))
  const [all, ...bySize] = areas.map((_, range) => curves(range, mostDetections)) as [Curves, ...Curves[]]
  return [
    precision(all),
    precision(all.slice(0, 1)), // 0.50
    precision(all.slice(5, 6)), // 0.75
    ...bySize.map(precision),
    recall(curves(0, 1)),
    recall(curves(0, 10)),
    recall(all),
    ...bySize.map(recall),
  ]
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
