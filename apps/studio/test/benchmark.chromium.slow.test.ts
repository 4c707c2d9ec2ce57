import { pageInChromium } from '@ddnet/testing/page'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'

const served = pageInChromium(new URL('../', import.meta.url))

const patienceMs = 300_000

test(
  'Benchmark measures the rows that are asked for on both sides, in a worker of its own, and gives a table to copy',
  async () => {
    const { page, errors } = await served.open()
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.waitForSelector('body[data-state="failed"]') // no images are served here, which is no matter
    const before = errors.length
    const workers: string[] = []
    page.on('worker', (worker) => workers.push(worker.url()))
    await benchmark(page, '1', 'crossEntropy')
    expect(await page.textContent('#benchmark-status')).toMatch(/^Medians of up to five runs/)
    const table = (await page.textContent('#benchmark-table')) ?? ''
    const [head, rule, ...rest] = table.trimEnd().split('\n')
    expect(head).toMatch(/^\| \| ms \| stock ms \| stock \/ own /)
    expect(rule).toMatch(/^\|:--\|(--:\|){10}$/)
    const rows = rest.filter((line) => line.startsWith('|')).map((line) => line.split('|').slice(1, -1))
    expect(rows.map(([name]) => name?.trim())).toEqual([
      'crossEntropy of 10 classes',
      'crossEntropy of 10 classes, with gradients',
    ])
    for (const [, ownMs, stockMs, ratio, processors, dispatches, stockDispatches] of rows) {
      expect(Number(ownMs)).toBeGreaterThan(0)
      expect(Number(stockMs)).toBeGreaterThan(0)
      // Of rounded numbers.
      expect(Math.abs(Number(ratio) / (Number(stockMs) / Number(ownMs)) - 1)).toBeLessThan(0.1)
      expect(processors?.trim()).toBe('—')
      expect(Number(dispatches)).toBeGreaterThan(0)
      expect(Number(stockDispatches)).toBeGreaterThan(Number(dispatches))
    }
    expect(rest.at(-2)).toMatch(/^Batch 1, \S/)
    expect(rest.at(-1)).toBe(await page.evaluate(() => navigator.userAgent))
    await page.click('#copy')
    await page.waitForFunction(() => document.querySelector('#copy')?.textContent === 'Copied')
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(table)
    expect(workers, 'workers that measured').toEqual([expect.stringContaining('benchmark')])
    expect(
      page.workers().filter((worker) => worker.url().includes('benchmark')),
      'that still do',
    ).toEqual([])
    expect(errors.slice(before)).toEqual([])

    await benchmark(page, '1', 'nothing of the kind')
    expect(await page.textContent('#benchmark-status')).toMatch(
      /^The benchmark stopped: No row's name contains "nothing of the kind". The rows are DDNet step, batch 1; conv2d/,
    )
    expect(await page.isHidden('#copy')).toBe(true)
    await page.close()
  },
  2 * patienceMs,
)

async function benchmark(page: Page, batch: string, only: string): Promise<void> {
  await page.fill('#benchmark-form [name=batch]', batch)
  await page.fill('#benchmark-form [name=only]', only)
  await page.click('#benchmark')
  await page.waitForSelector('#benchmark:not([disabled])', { timeout: patienceMs })
}
