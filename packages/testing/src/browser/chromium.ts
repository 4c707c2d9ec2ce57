import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, delimiter, dirname, join, sep } from 'node:path'
import { cacheDirectory } from '@ddnet/ops/node'
import { chromium } from 'playwright-core'
import { cached } from './cache.ts'
import { runsSparticuz, sparticuz, unpackExecutable, unpackTar } from './sparticuz.ts'
import type { EnvironmentVariables } from './swiftshader.ts'

/** A Chromium, and what to start it with. */
export interface FoundChromium {
  readonly executablePath: string
  readonly source: 'CHROME_PATH' | 'installed' | 'playwright' | '@sparticuz/chromium'
  /** Variables to add to the environment: libraries and fonts that the system lacks. */
  readonly env: EnvironmentVariables
}

/**
 * The first of: `CHROME_PATH`, an installed Chrome, Chromium or Edge, Playwright's, and on Linux x64 the one of npm's
 * `@sparticuz/chromium`, unpacked into the cache.
 *
 * @throws Error when there is none, or `CHROME_PATH` names no file
 */
export async function findChromium(): Promise<FoundChromium> {
  const { CHROME_PATH } = process.env
  if (CHROME_PATH) {
    if (!existsSync(CHROME_PATH)) {
      throw new Error(
        `CHROME_PATH: expected Chrome's executable, found no file at ${CHROME_PATH}. Correct or unset it.`,
      )
    }
    return { executablePath: CHROME_PATH, source: 'CHROME_PATH', env: {} }
  }
  const installed = installedPaths().find(existsSync)
  if (installed !== undefined) return { executablePath: installed, source: 'installed', env: {} }
  const playwright = playwrightPaths().find(existsSync)
  if (playwright !== undefined) return { executablePath: playwright, source: 'playwright', env: {} }
  if (runsSparticuz()) return unpackedChromium()
  throw new Error(
    `Chromium: found neither Chrome, Chromium, Edge nor Playwright's on ${process.platform}-${process.arch}. Install one, run \`npx playwright install chromium\`, or set CHROME_PATH.`,
  )
}

function installedPaths(): string[] {
  switch (process.platform) {
    case 'darwin':
      return ['/Applications', join(homedir(), 'Applications')].flatMap((folder) =>
        ['Google Chrome', 'Chromium', 'Microsoft Edge'].map((name) =>
          join(folder, `${name}.app`, 'Contents', 'MacOS', name),
        ),
      )
    case 'win32':
      return [
        'Google\\Chrome\\Application\\chrome.exe',
        'Chromium\\Application\\chrome.exe',
        'Microsoft\\Edge\\Application\\msedge.exe',
      ].flatMap((path) =>
        [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA].flatMap((folder) =>
          folder ? [join(folder, path)] : [],
        ),
      )
    default:
      return [
        'google-chrome-stable',
        'google-chrome',
        'chromium',
        'chromium-browser',
        'microsoft-edge-stable',
        'microsoft-edge',
      ].flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  }
}

/** Playwright's own revision first, then the newest of the others in its folder. */
function playwrightPaths(): string[] {
  const expected = chromium.executablePath()
  // …/ms-playwright/chromium-1255/chrome-linux64/chrome
  const revision = expected.split(sep).find((part) => /^chromium-\d+$/.test(part))
  if (revision === undefined) return [expected]
  const folder = expected.slice(0, expected.indexOf(revision))
  const inside = expected.slice(folder.length + revision.length)
  if (!existsSync(folder)) return []
  const others = readdirSync(folder)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]))
  return [expected, ...others.map((name) => join(folder, name) + inside)]
}

async function unpackedChromium(): Promise<FoundChromium> {
  const name = `chromium-${sparticuz().version}`
  const folder = await cached(name, async (folder) => {
    await unpackExecutable('chromium', join(folder, 'chromium'))
    await unpackTar('swiftshader', folder)
    await unpackTar('al2023', folder)
    await unpackTar('fonts', folder)
    await mkdir(join(folder, 'font-cache'))
    // The package's own names Lambda's folders.
    await writeFile(join(folder, 'fonts.conf'), fontConfiguration(join(cacheDirectory(), name)))
  })
  const executablePath = join(folder, 'chromium')
  const env: EnvironmentVariables = {}
  if (lacksLibraries(executablePath)) {
    env.LD_LIBRARY_PATH = [join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter)
  }
  if (!existsSync('/etc/fonts/fonts.conf')) env.FONTCONFIG_FILE = join(folder, 'fonts.conf')
  return { executablePath, source: '@sparticuz/chromium', env }
}

function fontConfiguration(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts')}</dir>
  <cachedir>${join(folder, 'font-cache')}</cachedir>
</fontconfig>
`
}

function lacksLibraries(executablePath: string): boolean {
  const { status, stdout } = spawnSync('ldd', [basename(executablePath)], {
    cwd: dirname(executablePath),
    encoding: 'utf8',
  })
  return status !== 0 || stdout.includes('not found')
}
