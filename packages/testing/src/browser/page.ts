import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { build, defaultClientConditions } from 'vite'
import { portOf } from '../port-of.ts'

/** A folder on a local web server. */
export interface Site {
  readonly url: string
  readonly folder: string
  close(): Promise<void>
}

/** Builds the page at `root` (an `index.html` and its TypeScript) from the workspace's sources, with Vite, and serves it. */
export async function serveBuilt(root: string): Promise<Site> {
  const outDir = await mkdtemp(join(tmpdir(), 'ddnet-page-'))
  await build({
    root,
    logLevel: 'error',
    resolve: { conditions: ['@ddnet/source', ...defaultClientConditions] },
    // Whatever else the page reads, a test puts into the folder.
    publicDir: false,
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 10_000 },
  })
  const site = await serveFolder(outDir)
  return {
    ...site,
    close: async () => {
      await site.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}

/** What isolates a page from other origins, so that it has shared memory and precise clocks. */
const isolation: Readonly<Record<string, string>> = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

/** Serves a folder on 127.0.0.1, by default cross-origin isolated. */
export async function serveFolder(folder: string, headers = isolation): Promise<Site> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost')
    const path = join(folder, normalize(decodeURIComponent(pathname)), pathname.endsWith('/') ? 'index.html' : '')
    try {
      const body = await readFile(path)
      response.writeHead(200, {
        'content-type': contentTypes[extname(path)] ?? 'application/octet-stream',
        ...headers,
      })
      response.end(body)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = portOf(server)
  return {
    url: `http://127.0.0.1:${port}/`,
    folder,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
}

/** Opens a page and collects what goes wrong in it: console errors, uncaught exceptions, failed requests. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('requestfailed', (request) => errors.push(`${request.url()}: ${request.failure()?.errorText}`))
  await page.goto(url)
  return { page, errors }
}
