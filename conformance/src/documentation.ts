import { entryOf, itemAt } from '@ddnet/ops/checks'
import type { BackendName } from './backend-names.ts'
import { different } from './different.ts'
import type { Verdict } from './judge.ts'

export const documentationPath: URL = new URL('../../docs/conformance.md', import.meta.url)

/** docs/conformance.md: what passes on each backend, and why the rest does not. */
export function documentation(verdicts: ReadonlyMap<BackendName, Verdict>): string {
  const backends = [...verdicts.keys()]
  const row = (...cells: (string | number)[]): string[] => cells.map(String)
  const cells = (cell: (verdict: Verdict) => string | number): (string | number)[] =>
    backends.map((backend) => cell(entryOf(verdicts, backend)))
  const table = (title: string, rows: readonly string[][]): string[] => aligned([title, ...backends], rows)
  const failed = ({ failed }: Verdict) => [...failed.values()].flat()

  const totals = [
    row('pass', ...cells(({ passed }) => passed.length)),
    row('fail, as expected', ...cells((verdict) => failed(verdict).length)),
    ...([...verdicts.values()].some(({ surprises }) => surprises.length > 0)
      ? [row('not as expected', ...cells(({ surprises }) => surprises.length))]
      : []),
    row('skipped by tfjs itself', ...cells(({ pending }) => pending.length)),
  ]
  const reasons = [...new Set(backends.flatMap((backend) => [...entryOf(verdicts, backend).failed.keys()]))]
  const byReason = reasons
    .sort()
    .map((reason) => row(reason, ...cells(({ failed }) => failed.get(reason)?.length ?? 0)))

  const files = [...new Set([...verdicts.values()].flatMap(filesOf))].sort()
  const byFile = files.map((file) => {
    const count = (verdict: Verdict): string => {
      const passes = verdict.passed.filter((result) => result.file === file).length
      const fails = failed(verdict).filter((result) => result.file === file).length
      return fails === 0 ? `${passes}` : `${passes} (${fails})`
    }
    return row(file.replace(/_test\.js$/, ''), ...cells(count))
  })
  const differences = Object.entries(different).map(([name, why]) => `- \`${name}\` ${why}`)

  return `${[
    "# tfjs-core's own tests",
    '',
    '<!-- Written by `pnpm conformance`. -->',
    '',
    '`pnpm conformance` runs the tests that `@tensorflow/tfjs-core` publishes, under jasmine and unchanged, on each backend with',
    'our operators, kernels and gradients: a test that calls a function which `@ddnet/ops` exports under the same name, also',
    'as a method of a tensor, calls ours; where ours has another signature, an adapter',
    '(`conformance/src/adapters.ts`) translates. No gradient of tfjs is loaded. With tfjs alone all of them pass on cpu.',
    '',
    'Which tests fail, on which backend and for which reason, stands in `conformance/expected-failures.json`; a failure',
    'that is not listed there, another reason or a pass that was not expected fails the run. `--update` lists anew what fails',
    'for a reason in `conformance/src/reasons.ts`; `--stock` also runs tfjs alone and shows what it passes and ours do not.',
    '`npm run test:all` does the same on cpu and wasm.',
    '',
    ...table('tests', totals),
    '',
    '## Why tests fail',
    '',
    ...table('reason', byReason),
    '',
    'Functions of the same name that mean something else, so that the tests run on those of tfjs:',
    '',
    ...differences,
    '',
    '## By file',
    '',
    'Tests that pass, and in brackets those that fail as expected. Tests for browsers alone do not run in Node, and those that',
    'read synchronously do not run on webgpu.',
    '',
    ...table('file', byFile),
  ].join('\n')}\n`
}

const filesOf = ({ passed, failed }: Verdict): string[] =>
  [...passed, ...[...failed.values()].flat()].map(({ file }) => file)

/** A table of Markdown in columns: text to the left, counts to the right. */
function aligned(head: readonly string[], rows: readonly string[][]): string[] {
  const widths = head.map((title, column) => Math.max(...[title, ...rows.map((row) => row[column] ?? '')].map(length)))
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const space = ' '.repeat(itemAt(widths, column) - length(cell))
      return column === 0 ? cell + space : space + cell
    })
    return `| ${padded.join(' | ')} |`
  }
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)]
}

const length = (text: string): number => [...text].length
