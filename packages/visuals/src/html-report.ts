import { confusionSheet, rowShares } from './confusion-sheet.ts'
import { dataUrl } from './data-url.ts'
import { escapeMarkup } from './escape-markup.ts'
import type { Picture } from './picture.ts'
import type { Plot } from './plot.ts'
import { plotSvg } from './plot-svg.ts'
import type { PredictionSample } from './prediction-sheet.ts'
import { reportStyle } from './report-style.ts'

/** What a report shows, in this order; what is left out has no section. */
export type ReportData = {
  title: string
  /** The run in a few facts: accuracy, steps, backend, seed. */
  summary?: readonly (readonly [name: string, value: string])[]
  curves?: readonly Plot[]
  /** `confusion[label][prediction]` in counts. */
  classes?: { names: readonly string[]; confusion: readonly (readonly number[])[] }
  predictions?: readonly PredictionSample[]
  /** Feature maps, filters, class activation maps: any picture with what it shows. */
  pictures?: readonly { title: string; caption?: string; picture: Picture }[]
}

/**
 * A training run as one HTML file: summary, curves, accuracy of each class, confusion matrix, predictions, pictures.
 * The matrix of more than 40 classes is a picture, beside the commonest mistakes: a table of it could not be read, and its size
 * grows with their square.
 *
 * The file needs nothing else: drawings are SVG, images `data:` PNGs, there is no script and no address, and its content
 * security policy forbids both. It follows the reader's preference for light or dark, and figures are text. Names from outside
 * (classes, settings) are escaped.
 *
 * @throws RangeError when the confusion matrix does not fit the names
 * @example await writeFile('report.html', htmlReport({ title: 'cifar10', curves: [{ title: 'loss', curves }] }))
 */
export function htmlReport({ title, summary, curves, classes, predictions, pictures }: ReportData): string {
  const sections = [
    summary?.length ? section('Summary', facts(summary)) : '',
    curves?.length
      ? section('Curves', `<div class="curves">${curves.map((plot) => plotSvg(plot)).join('')}</div>`)
      : '',
    classes === undefined ? '' : section('Classes', classTable(classes)),
    classes === undefined
      ? ''
      : section('Confusion matrix', isMany(classes) ? confusionOverview(classes) : confusionTable(classes)),
    predictions?.length
      ? section('Predictions', `<div class="predictions">${predictions.map(prediction).join('')}</div>`)
      : '',
    ...(pictures ?? []).map(({ title, caption, picture }) => section(title, figure(title, caption, picture))),
  ]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<link rel="icon" href="data:,">
<style>${reportStyle}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(title)}</h1>
${sections.filter((each) => each !== '').join('\n')}
</main>
</body>
</html>
`
}

const section = (title: string, content: string): string =>
  `<section><h2>${escapeMarkup(title)}</h2>${content}</section>`

const facts = (summary: NonNullable<ReportData['summary']>): string =>
  `<dl>${summary.map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`).join('')}</dl>`

type Classes = NonNullable<ReportData['classes']>

const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)}%`

/** Where a matrix of figures becomes wider than a page. */
const isMany = ({ names }: Classes): boolean => names.length > 40

function classTable(classes: Classes): string {
  const { names, confusion } = classes
  const shares = rowShares(confusion, names)
  const rows = names.map((name, label) => {
    const row = shares[label] as number[]
    const images = (confusion[label] as number[]).reduce((sum, count) => sum + count, 0)
    const accuracy = images === 0 ? Number.POSITIVE_INFINITY : (row[label] as number)
    if (images === 0) {
      return { accuracy, html: `<tr><th scope="row">${escapeMarkup(name)}</th><td>no images</td></tr>` }
    }
    const others = row.map((share, prediction) => (prediction === label ? 0 : share))
    const rival = others.indexOf(Math.max(...others))
    const mistaken = others[rival] as number
    const taken = mistaken > 0 ? `${percent(mistaken)} taken for ${escapeMarkup(names[rival] as string)}` : ''
    const meter = `<meter min="0" max="1" value="${accuracy.toFixed(4)}" aria-label="${percent(accuracy)}"></meter>`
    return {
      accuracy,
      html: `<tr><th scope="row">${escapeMarkup(name)}</th><td>${percent(accuracy)}</td><td>${meter}</td><td class="rival">${taken}</td></tr>`,
    }
  })
  const table = (lines: typeof rows) => `<table>${lines.map(({ html }) => html).join('')}</table>`
  if (!isMany(classes)) return `<div class="scroll">${table(rows)}</div>`
  const worstFirst = table(rows.sort((a, b) => (a.accuracy === b.accuracy ? 0 : a.accuracy - b.accuracy)))
  return `<p>The least recognised first.</p><div class="scroll long" tabindex="0">${worstFirst}</div>`
}

const shownMistakes = 20

/** The matrix as a picture, and what is confused most. */
function confusionOverview({ names, confusion }: Classes): string {
  const mistakes = confusion
    .flatMap((row, label) => {
      const images = row.reduce((sum, count) => sum + count, 0)
      return row.map((count, prediction) => ({ label, prediction, count: label === prediction ? 0 : count, images }))
    })
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, shownMistakes)
  const rows = mistakes.map(
    ({ label, prediction, count, images }) =>
      `<tr><th scope="row">${escapeMarkup(names[label] as string)}</th><td class="rival">taken for ${escapeMarkup(names[prediction] as string)}</td><td>${count} of ${images}</td><td>${percent(count / images)}</td></tr>`,
  )
  const text = `The ${names.length} classes in their order: green is what is right, red what is not, the stronger the larger its share of the row.`
  const most =
    rows.length === 0 ? '' : `<h3>Mistaken most</h3><div class="scroll"><table>${rows.join('')}</table></div>`
  return `<p>${text}</p>${img(confusionSheet(confusion, names), 'confusion matrix')}${most}`
}

function confusionTable({ names, confusion }: Classes): string {
  const shares = rowShares(confusion, names)
  const head = names.map((name) => `<th scope="col">${escapeMarkup(name)}</th>`).join('')
  const rows = names.map((name, label) => {
    const cells = (shares[label] as number[]).map((share, prediction) => {
      const kind = prediction === label ? 'right' : 'wrong'
      const text = share === 0 ? '' : share < 0.005 ? '·' : percent(share, 0).slice(0, -1)
      const count = confusion[label]?.[prediction] ?? 0
      return `<td class="${kind}" style="--share:${(0.6 * Math.sqrt(share)).toFixed(3)}" title="${escapeMarkup(`${name} taken for ${names[prediction]}: ${count}`)}">${text}</td>`
    })
    return `<tr><th scope="row">${escapeMarkup(name)}</th>${cells.join('')}</tr>`
  })
  return `<p>Rows are what images are, columns what they were taken for, in percent of the row; a dot is less than half a percent.</p><div class="scroll"><table class="confusion"><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
}

function prediction({ image, predicted, confidence, actual }: PredictionSample): string {
  const state = actual === undefined ? '' : predicted === actual ? 'good' : 'bad'
  const truth = actual === undefined ? '' : state === 'good' ? '<br>right' : `<br>is ${escapeMarkup(actual)}`
  return `<figure class="${state}">${img(image, actual ?? predicted)}<figcaption><b>${escapeMarkup(predicted)}</b> ${percent(confidence, 0)}${truth}</figcaption></figure>`
}

const figure = (title: string, caption: string | undefined, picture: Picture): string =>
  `<figure>${img(picture, title)}${caption === undefined ? '' : `<figcaption>${escapeMarkup(caption)}</figcaption>`}</figure>`

const img = (picture: Picture, alt: string): string =>
  `<img src="${dataUrl(picture)}" width="${picture.width}" height="${picture.height}" alt="${escapeMarkup(alt)}">`
