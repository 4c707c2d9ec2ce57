import { describe, expect, test } from 'vitest'
import { htmlReport, type ReportData } from './html-report.ts'
import { blank } from './picture.ts'

const hostile = `</script><script>alert(1)</script><img src=x onerror="alert(2)">'"&`
const image = blank(2, 2, [1, 2, 3])
const classes = {
  names: ['cat', hostile],
  confusion: [
    [3, 1],
    [0, 0],
  ],
}

test('whatever a name holds stays text', () => {
  const report = htmlReport({
    title: hostile,
    summary: [[hostile, hostile]],
    curves: [{ title: hostile, xLabel: hostile, curves: [{ name: hostile, points: [[1, 2]] }] }],
    classes,
    predictions: [{ image, predicted: hostile, confidence: 0.5, actual: `${hostile}!` }],
    pictures: [{ title: hostile, caption: hostile, picture: image }],
  })
  expect(report).not.toMatch(/<script|<img src=x/i)
  expect(report.split('&lt;/script&gt;').length).toBeGreaterThan(12)
  // In attributes too: no quote of a name ends one.
  for (const [, attributes = ''] of report.matchAll(/<(?:img|td|svg)( [^>]*)>/g))
    expect(attributes).toMatch(/^(?: [\w:-]+="[^"<>]*")*$/)
})

test('it loads nothing and runs nothing', () => {
  const report = htmlReport({ title: 'run', classes, pictures: [{ title: 'maps', picture: image }] })
  expect(report).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`)
  expect([...report.matchAll(/(?:src|href)="([^"]*)"/g)].every(([, address]) => address?.startsWith('data:'))).toBe(
    true,
  )
  expect(report).not.toMatch(/@import|url\(|<script|<link rel="stylesheet"/)
})

test('each class has its accuracy, what it was taken for most often, and a place where it has no images', () => {
  const report = htmlReport({
    title: 'run',
    classes: {
      names: ['cat', 'dog', 'bird'],
      confusion: [
        [5, 2, 1],
        [0, 4, 0],
        [0, 0, 0],
      ],
    },
  })
  const [cat, dog, bird] = report.match(/<tr><th scope="row">.*?<\/tr>/g) ?? []
  expect(cat).toMatch(/cat.*62\.5%.*25\.0% taken for dog/)
  expect(dog).toMatch(/dog.*100\.0%/)
  expect(dog).not.toContain('taken for')
  expect(bird).toContain('no images')
  expect(report).toContain('title="cat taken for bird: 1"')
})

describe('with many classes', () => {
  const count = 200
  const names = Array.from({ length: count }, (_, index) => (index === 7 ? hostile : `class ${index}`))
  /** Of ten images all but one are right; of class 7 five are taken for class 150, and of class 9 there are none. */
  const confusion = names.map((_, label) =>
    names.map((_, prediction) => {
      if (label === 9) return 0
      const [right, mistaken] = label === 7 ? [150, 5] : [(label + 1) % count, 1]
      return prediction === label ? 10 - mistaken : prediction === right ? mistaken : 0
    }),
  )
  const report = htmlReport({ title: 'run', classes: { names, confusion } })

  test('the matrix is a picture, and its report stays small', () => {
    expect(report).not.toContain('<table class="confusion">')
    expect(report).toMatch(/<img src="data:image\/png;base64,[^"]+" width="\d+" height="\d+" alt="confusion matrix">/)
    expect(report.length).toBeLessThan(200_000)
  })

  test('the worst classes come first, those without images last, and the commonest mistakes are listed', () => {
    const rows = report.match(/<tr><th scope="row">.*?<\/tr>/g) ?? []
    expect(rows).toHaveLength(count + 20)
    expect(rows[0]).toMatch(/&lt;\/script&gt;.*50\.0%.*50\.0% taken for class 150</)
    expect(rows[count - 1]).toMatch(/class 9<.*no images/)
    expect(rows[count]).toMatch(/&lt;\/script&gt;.*taken for class 150<.*5 of 10.*50\.0%/)
    expect(report).not.toMatch(/<script|<img src=x/i)
  })

  test('a matrix of 40 classes still has its figures', () => {
    const few = { names: names.slice(0, 40), confusion: confusion.slice(0, 40).map((row) => row.slice(0, 40)) }
    expect(htmlReport({ title: 'run', classes: few })).toContain('<table class="confusion">')
  })

  test('without mistakes none are listed', () => {
    const perfect = confusion.map((_, label) => names.map((_, prediction) => (prediction === label ? 3 : 0)))
    expect(htmlReport({ title: 'run', classes: { names, confusion: perfect } })).not.toContain('Mistaken most')
  })
})

test('a prediction is right, wrong or open', () => {
  const state = (actual?: string) =>
    htmlReport({
      title: 'run',
      predictions: [{ image, predicted: 'cat', confidence: 0.875, ...(actual !== undefined && { actual }) }],
    })
  expect(state('cat')).toMatch(/class="good".*cat.*88%.*right/)
  expect(state('dog')).toMatch(/class="bad".*cat.*88%.*is dog/)
  expect(state()).toMatch(/<figure class="">.*cat<\/b> 88%<\/figcaption>/)
})

test('what there is not has no section', () => {
  const headings = (data: Omit<ReportData, 'title'>) =>
    [...htmlReport({ title: 'run', ...data }).matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)
  expect(headings({})).toEqual([])
  expect(headings({ summary: [], curves: [], predictions: [], pictures: [] })).toEqual([])
  expect(headings({ summary: [['seed', '42']], pictures: [{ title: 'filters', picture: image }] })).toEqual([
    'Summary',
    'filters',
  ])
})

test('a matrix that does not fit its names is refused', () => {
  const report = (names: string[], confusion: number[][]) => () =>
    htmlReport({ title: 'run', classes: { names, confusion } })
  expect(
    report(
      ['cat'],
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ).toThrow('expected one name for each of 2 classes, at least one, got 1')
  expect(report(['cat', 'dog'], [[1, 2], [3]])).toThrow('expected 2 counts in each of 2 rows, got 1')
})
