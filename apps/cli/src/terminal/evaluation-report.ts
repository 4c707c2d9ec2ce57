import { type Evaluation, perClass } from '../run/evaluation.ts'
import { shareBar } from './bar.ts'
import { formatCount, formatPercent } from './format.ts'
import { printable } from './printable.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

const barWidth = 20

/** The accuracy in one line, and a table of the classes. */
export function evaluationReport(evaluation: Evaluation, classNames: readonly string[], style: Style): string {
  const { split, accuracy, correct, images, loss } = evaluation
  const headline = `${style('bold', `${split} accuracy ${formatPercent2(accuracy)}`)} (${formatCount(correct)} of ${formatCount(images)} images), loss ${loss.toFixed(4)}`
  const rows = perClass(evaluation, classNames).map(({ name, accuracy, rival }) => [
    `  ${printable(name)}`,
    formatPercent(accuracy),
    style('cyan', shareBar(accuracy, barWidth).padEnd(barWidth)),
    rival.share === 0
      ? ''
      : style('dim', `${formatPercent(rival.share).padStart(6)} taken for ${printable(rival.name)}`),
  ])
  return [headline, '', ...table(rows, { right: [1] })].map((line) => `${line}\n`).join('')
}

/** With two decimals: all that 10,000 images can tell apart. */
const formatPercent2 = (share: number): string => `${(share * 100).toFixed(2)}%`
