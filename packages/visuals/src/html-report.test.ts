import { expect, test } from 'vitest'
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
