import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { writePhotos } from './photos.ts'
import { type Session, session } from './session.ts'

const tiny = ['model.channels=[4]', 'batchSize=8', 'steps=4', 'validation.images=40', 'validation.every=2', 'name=a']

const reportOf = (shell: Session, run = 'runs/a') => readFileSync(join(shell.cwd, run, 'report.html'), 'utf8')
const headings = (report: string) => [...report.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, heading]) => heading)
/** What the summary says of a name. */
const fact = (report: string, name: string) => report.match(new RegExp(`<dt>${name}</dt><dd>(.*?)</dd>`))?.[1]

describe('report.html', () => {
  test('is in the folder of a run that ended: its result, settings, curves, classes and predictions', async () => {
    const shell = session()
    const { stderr } = await shell.run('train', ...tiny)
    expect(stderr).toContain('report    runs/a/report.html\n')
    const report = reportOf(shell)
    expect(report).toContain('<h1>a</h1>')
    expect(headings(report)).toEqual(['Summary', 'Curves', 'Classes', 'Confusion matrix', 'Predictions'])
    const { accuracy, correct } = JSON.parse(readFileSync(join(shell.cwd, 'runs/a/result.json'), 'utf8'))
    expect(fact(report, 'test accuracy')).toMatch(
      new RegExp(`^${(accuracy * 100).toFixed(2)}% \\(${correct} of 40 images\\), loss \\d`),
    )
    expect(fact(report, 'trained')).toMatch(/^4 steps in 0:\d\d$/)
    expect(fact(report, 'model')).toBe('ddnet, channels [4], normalization batch, groups 8, unpool stride, skip false')
    expect(fact(report, 'optimizer')).toContain('adam, learningRate 0.004')
    expect(fact(report, 'seed')).toBe('42')
    expect(fact(report, 'command')).toBe(`ddnet train ${tiny.join(' ')}`)
    // Train and test, both validations of each.
    expect(report).toMatch(/<svg [^>]*>.*accuracy/)
    expect(report.match(/<figure class="(?:good|bad)">/g)).toHaveLength(25)
  })

  test('of two classes, whose names are HTML', async () => {
    const shell = session()
    const hostile = '<img src=x onerror=alert(1)>'
    await writePhotos(join(shell.cwd, 'photos'), { [hostile]: 10, 'a & b': 10 })
    const { code } = await shell.run('train', 'folder=photos', ...tiny, 'data.size=16')
    expect(code).toBe(0)
    const report = reportOf(shell)
    expect(report).not.toContain('<img src=x')
    expect(report).toContain('<th scope="row">&lt;img src=x onerror=alert(1)&gt;</th>')
    expect(report).toContain('<th scope="row">a &amp; b</th>')
    expect(fact(report, 'data')).toMatch(/^folder, directory photos, /)
  })

  test('of a run of one step has a validation, and curves of one point', async () => {
    const shell = session()
    await shell.run('train', ...tiny, 'steps=1')
    expect(headings(reportOf(shell))).toContain('Curves')
  })
})

test('a damaged metrics.jsonl is named with its line; a run that goes on cuts what is behind its checkpoint', async () => {
  const shell = session()
  await shell.run('train', ...tiny)
  appendFileSync(join(shell.cwd, 'runs/a/metrics.jsonl'), '{"step":9,"epoch":\n')
  const { code, stderr } = await shell.run('runs', 'compare', 'runs/a', 'runs/a')
  expect(code).toBe(1)
  expect(stderr).toMatch(
    /^ddnet: .*runs\/a\/metrics\.jsonl:3 is damaged: expected the JSON of a validation\. Remove the line: a run can do without\.$/m,
  )
  expect((await shell.run('train', '--resume', 'runs/a')).code).toBe(0)
  expect((await shell.run('runs', 'compare', 'runs/a', 'runs/a')).code).toBe(0)
})
