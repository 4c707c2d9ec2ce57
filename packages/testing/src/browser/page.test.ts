import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { serveFolder } from './page.ts'

test('serves files with their types, cross-origin isolated, and nothing outside the folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ddnet-site-'))
  await writeFile(join(folder, 'index.html'), '<p>hello')
  const site = await serveFolder(folder)
  try {
    const page = await fetch(site.url)
    expect(await page.text()).toBe('<p>hello')
    expect(page.headers.get('content-type')).toMatch('text/html')
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
    expect((await fetch(`${site.url}missing.js`)).status).toBe(404)
    expect((await fetch(`${site.url}..%2f..%2fetc%2fpasswd`)).status).toBe(404)
  } finally {
    await site.close()
    await rm(folder, { recursive: true, force: true })
  }
})
