import { itemAt } from '@ddnet/ops/checks'
import { splitPath } from '#storage'
import type { Callback } from '../callback.ts'
import { LogError, readingLog, writingLog } from './log-error.ts'
import { scalarsOf } from './scalars.ts'
import { tell as addTold, keptEntries, type MismatchOption, nothingTold, type Told, toldOf } from './told.ts'

export interface CsvOptions extends MismatchOption {
  /** A file; or a function that gets the whole table each time, for a page. */
  readonly to: string | ((table: string) => void | Promise<void>)
}

type Row = Readonly<Record<string, string>>

/**
 * Logs the run as a table: a row for each validation, and for each epoch without one, with the columns `step`, `epoch`,
 * `train/loss`, `validation/loss` and every metric that is a number.
 *
 * The table is written whole each time, beside and renamed into place, so that it is never cut. A run that goes on
 * continues it: rows behind the checkpoint are dropped, and what it tells of the checkpoint's step is not told again. A
 * checkpoint knows how many rows there were: a table that lacks one of them is told. A run from step 0 begins it anew.
 *
 * @throws LogError naming the file, when the disk is full, the file is not of this log, or not what the checkpoint says
 */
export function csv({ to, ...options }: CsvOptions): Callback {
  let rows: Row[] = []
  let expected: Told | undefined

  async function write(): Promise<void> {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
    const cells = [columns.map(quote), ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    const table = rows.length === 0 ? '' : `${cells.map((row) => row.join(',')).join('\n')}\n`
    if (typeof to === 'function') return to(table)
    const { storage, name } = splitPath(to)
    await writingLog(to, () => storage.replaceFile(name, new TextEncoder().encode(table)))
  }

  async function tell(step: number, epoch: number, scalars: Record<string, number>): Promise<void> {
    if (rows.at(-1)?.['step'] === String(step)) return
    const entries = Object.entries({ step, epoch, ...scalars })
    rows.push(Object.fromEntries(entries.map(([name, value]) => [name, String(value)])))
    await write()
  }

  const events: Callback = {
    onValidation: ({ step, epoch, train, validation }) =>
      tell(step, epoch, { ...scalarsOf('train', train), ...scalarsOf('validation', validation) }),
    onEpoch: ({ step, epoch, train }) => tell(step, epoch, scalarsOf('train', train)),
  }
  if (typeof to === 'function') return events
  const told = () => rows.map(formOf)
  return {
    ...events,
    name: `csv ${splitPath(to).name}`,
    state: () => ({ ...told().reduce(addTold, nothingTold) }),
    restore: (given) => {
      expected = toldOf(given)
    },
    async onStart({ startStep }) {
      const entries = startStep === 0 ? [] : (await readRows(to)).map(entryOf)
      const kept = startStep === 0 ? [] : keptEntries(to, entries, { step: startStep, expected, ...options })
      rows = kept.map(({ row }) => row)
      await write()
    },
  }
}

const entryOf = (row: Row) => ({ row, step: Number(row['step']), key: row['step'] ?? '', form: formOf(row) })

/** A row, whatever the order of its columns. */
const formOf = (row: Row): string => JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))

const quote = (name: string): string => (/[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)

async function readRows(file: string): Promise<Row[]> {
  const { storage, name } = splitPath(file)
  const bytes = await readingLog(file, () => storage.readFile(name))
  const [header, ...lines] = new TextDecoder().decode(bytes).split('\n')
  if (header === undefined || header === '') return []
  const columns = [...header.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
  if (columns[0] !== 'step' || columns[1] !== 'epoch') {
    throw new LogError(
      `log: expected the columns of ${file} to begin with step,epoch, got ${header.slice(0, 80)}. Log to another file.`,
    )
  }
  return lines.slice(0, -1).map((line) => {
    const cells = line.split(',').map((cell, at) => [itemAt(columns, at), cell] as const)
    return Object.fromEntries(cells.filter(([, cell]) => cell !== ''))
  })
}
