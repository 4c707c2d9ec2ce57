import { formatDuration, formatRate, formatSpeed } from './format.ts'
import { plain, type Style } from './style.ts'

export interface Progress {
  /** What the bar runs over: `epoch 3/10`, `train`. */
  readonly label: string
  readonly done: number
  readonly total: number
  readonly secondsAStep: number
  readonly loss: number
  readonly learningRate: number
  /** Of the whole run. */
  readonly secondsLeft: number
  /** Share of the time spent waiting for data. */
  readonly dataShare: number
}

const widestBar = 30
const narrowestBar = 4

/**
 * `epoch 3/10 ━━━━──── 391/782 31 it/s loss 1.20 lr 1e-3 eta 0:42`, in at most `columns` characters: the bar takes what
 * the rest leaves, and where that is too little, the parts that matter least go first.
 */
export function progressLine(progress: Progress, columns: number, style: Style = plain): string {
  const { label, done, total } = progress
  const count = countOf(done, total)
  const parts = partsOf(progress)
  const lengthOf = () => [label, count, ...parts.map(({ text }) => text)].join(' ').length
  while (parts.length > 0 && lengthOf() + narrowestBar + 1 > columns) {
    const least = Math.min(...parts.map(({ rank }) => rank))
    parts.splice(
      parts.findLastIndex(({ rank }) => rank === least),
      1,
    )
  }
  const bar = progressBar(done / total, Math.min(widestBar, columns - lengthOf() - 1), style)
  return [label, ...(bar === '' ? [] : [bar]), count, ...parts.map(({ text }) => text)].join(' ')
}

/** The same without a bar, for a file. */
export const progressText = (progress: Progress): string =>
  [progress.label, countOf(progress.done, progress.total), ...partsOf(progress).map(({ text }) => text)].join(' ')

/** A bar with a count, for work of which nothing else is known: `testing ━━━━──── 3/20`. */
export function countLine(label: string, done: number, total: number, columns: number, style: Style = plain): string {
  const count = countOf(done, total)
  const bar = progressBar(done / total, Math.min(widestBar, columns - label.length - count.length - 2), style)
  return [label, ...(bar === '' ? [] : [bar]), count].join(' ')
}

const countOf = (done: number, total: number): string => `${String(done).padStart(String(total).length)}/${total}`

/** What stands behind the count; the lower the rank, the sooner it may go. */
function partsOf({ secondsAStep, loss, learningRate, secondsLeft, dataShare }: Progress) {
  return [
    { rank: 0, text: formatSpeed(secondsAStep) },
    { rank: 2, text: `loss ${loss.toFixed(2)}` },
    { rank: 1, text: `lr ${formatRate(learningRate)}` },
    ...(dataShare >= 0.01 ? [{ rank: 0, text: `data ${Math.round(dataShare * 100)}%` }] : []),
    { rank: 3, text: `eta ${formatDuration(secondsLeft)}` },
  ]
}

/** `━━━━────`; nothing where there is no room. */
export function progressBar(share: number, width: number, style: Style = plain): string {
  if (width < narrowestBar) return ''
  const full = Math.floor(Math.min(1, share) * width)
  return style('green', '━'.repeat(full)) + style('dim', '─'.repeat(width - full))
}
