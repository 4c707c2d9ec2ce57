import { splitPath } from '#storage'
import type { Callback } from '../callback.ts'
import type { EpochEvent, StepEvent, ValidationEvent } from '../events.ts'
import { expectSteps } from './every.ts'
import { LogError, readingLog, writingLog } from './log-error.ts'
import {
  tell as addTold,
  keptEntries,
  type MismatchOption,
  nothingTold,
  type Told,
  toldOf,
  withoutTimes,
} from './told.ts'

/** One line of the log. Numbers that are not finite are `null`, since JSON has none. */
export type LogLine =
  | ({ readonly event: 'step' } & StepEvent)
  | ({ readonly event: 'validation' } & ValidationEvent)
  | ({ readonly event: 'epoch' } & EpochEvent)

export interface JsonlOptions extends MismatchOption {
  /** A file; or a function that gets each line with its end, for a page. */
  readonly to: string | ((line: string) => void | Promise<void>)
  /** Every so many steps there is a line of a step (10 by default). Validations and epochs all have theirs. */
  readonly every?: number
}

/**
 * Logs the run's events as lines of JSON: `{"event":"validation","step":500,"train":{"loss":1.2},…}`.
 *
 * A run that goes on continues its file: lines behind the checkpoint are dropped, a line that was cut too, and what the
 * file already tells of the checkpoint's step is not told again. A checkpoint waits until the lines before it are on the disk,
 * and knows how many they are: a file that lacks one of them is told. A run from step 0 begins the file anew.
 *
 * @throws LogError naming the file, when the disk is full, a line in it is not JSON, or it is not what the checkpoint says
 * @example new Trainer({ …, callbacks: [jsonl({ to: 'run/metrics.jsonl' }), checkpoint({ directory: 'run/checkpoints' })] })
 */
export function jsonl({ to, every = 10, ...options }: JsonlOptions): Callback {
  expectSteps('jsonl', every)
  let told = new Set<string>()
  let state = nothingTold
  let expected: Told | undefined
  let isFlushed = true

  async function tell(line: LogLine): Promise<void> {
    if (told.has(keyOf(line))) return
    const text = `${JSON.stringify(line)}\n`
    if (typeof to === 'function') return to(text)
    const { storage, name } = splitPath(to)
    isFlushed = false
    await writingLog(to, () => storage.append(name, new TextEncoder().encode(text)))
    state = addTold(state, withoutTimes(line))
  }

  const events: Callback = {
    async onStep(event) {
      if (event.step % every === 0) await tell({ event: 'step', ...event })
    },
    onValidation: (event) => tell({ event: 'validation', ...event }),
    onEpoch: (event) => tell({ event: 'epoch', ...event }),
  }
  if (typeof to === 'function') return events
  const { storage, name } = splitPath(to)
  return {
    ...events,
    name: `jsonl ${name}`,
    state: () => ({ ...state }),
    restore: (given) => {
      expected = toldOf(given)
    },
    async flush() {
      if (!isFlushed) await writingLog(to, () => storage.flush(name))
      isFlushed = true
    },
    async onStart({ startStep }) {
      const lines = startStep === 0 ? [] : await readLines(to, expected?.entries, options)
      const entries = lines.map(({ text, line }) => ({
        text,
        step: line.step,
        key: keyOf(line),
        form: withoutTimes(line),
      }))
      const kept = startStep === 0 ? [] : keptEntries(to, entries, { step: startStep, expected, ...options })
      told = new Set(kept.map(({ key }) => key))
      state = kept.map(({ form }) => form).reduce(addTold, nothingTold)
      const text = kept.map((each) => `${each.text}\n`).join('')
      await writingLog(to, () => storage.replaceFile(name, new TextEncoder().encode(text)))
    },
  }
}

const keyOf = ({ event, step }: LogLine): string => `${event} ${step}`

/**
 * The lines of a log. Behind the `known` ones, which were flushed, one that cannot be read is the end. Before that it is an
 * error, or left out where somebody wants to be told.
 */
async function readLines(
  file: string,
  known: number | undefined,
  { onMismatch }: MismatchOption,
): Promise<{ text: string; line: LogLine }[]> {
  const { storage, name } = splitPath(file)
  const bytes = await readingLog(file, () => storage.readFile(name))
  if (bytes === undefined) return []
  const lines: { text: string; line: LogLine }[] = []
  // A process that was killed while it wrote leaves a line without its end.
  for (const [index, text] of new TextDecoder().decode(bytes).split('\n').slice(0, -1).entries()) {
    const line = parsed(text)
    if (line !== undefined) lines.push({ text, line })
    else if (known !== undefined && known > 0 && index >= known) break
    else if (onMismatch === undefined) {
      throw new LogError(
        `log: line ${index + 1} of ${file} is not of this log: ${JSON.stringify(text.slice(0, 80))}. Remove it, or log to another file.`,
      )
    }
  }
  return lines
}

function parsed(text: string): LogLine | undefined {
  try {
    const line = JSON.parse(text) as LogLine
    return typeof line.event === 'string' && Number.isSafeInteger(line.step) ? line : undefined
  } catch {
    return undefined
  }
}
