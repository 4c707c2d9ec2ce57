import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { type LaunchedChromium, launchChromium, openPage, type Site, serveBuilt } from './browser/index.ts'

/** What the tests of a file share; it is there while they run. */
export interface PageInChromium {
  readonly chromium: LaunchedChromium
  readonly site: Site
  /**
   * Opens the page in a tab of its own, which the test closes.
   *
   * @param rest of the address: `?backend=wasm`
   */
  open(rest?: string): ReturnType<typeof openPage>
}

/** For all tests of a file: the page in the folder `root`, built and served, and a Chromium to open it in. */
export function pageInChromium(root: URL): PageInChromium {
  let started: Pick<PageInChromium, 'chromium' | 'site'> | undefined
  beforeAll(async () => {
    const [chromium, site] = await Promise.all([launchChromium(), serveBuilt(fileURLToPath(root))])
    started = { chromium, site }
  })
  afterAll(async () => {
    await started?.chromium.browser.close()
    await started?.site.close()
  })
  const there = () => {
    if (started === undefined) throw new Error('the page is there while tests run')
    return started
  }
  return {
    get chromium() {
      return there().chromium
    },
    get site() {
      return there().site
    },
    open: (rest = '') => openPage(there().chromium.browser, `${there().site.url}${rest}`),
  }
}
