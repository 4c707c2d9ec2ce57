import { append, readFile, replaceFile, splitPath } from '#storage'
import type { Callback } from '../callback.ts'
import type { EpochEvent, StepEvent, ValidationEvent } from '../events.ts'
import { expectSteps } from './every.ts'
import { LogError, writingLog } from './log-error.ts'

/** One line of the log. Numbers that are not finite are `null`, since JSON has none. */
export type LogLine =
  | ({ readonly event: 'step' } & StepEvent)
  | ({ readonly event: 'validation' } & ValidationEvent)
  | ({ readonly event: 'epoch' } & EpochEvent)

export interface JsonlOptions {
  /** A file; or a function that gets each line with its end, for a page. */
  readonly to: string | ((line: string) => void | Promise<void>)
  /** Every so many steps there is a line of a step (10 by default). Validations and epochs all have theirs. */
  readonly every?: number
}

/**
 * Logs the run's events as lines of JSON: `{"event":"validation","step":500,"train":{"loss":1.2},…}`.
 *
 * A run that goes on continues its file: lines behind the checkpoint are dropped, a line that was cut too, and what the
 * file already tells of the checkpoint's step is not told again. So put it before `checkpoint` in the callbacks: a
 * checkpoint then knows of nothing that the log lacks. A run from step 0 begins the file anew.
 *
 * @throws LogError naming the file, when the disk is full or a line in it is no JSON
 * @example new Trainer({ …, callbacks: [jsonl({ to: 'run/metrics.jsonl' }), checkpoint({ directory: 'run/checkpoints' })] })
 */
export function jsonl({ to, every = 10 }: JsonlOptions): Callback {
  expectSteps('jsonl', every)
  let told = new Set<string>()

  async function tell(line: LogLine): Promise<void> {
    if (told.has(keyOf(line))) return
    const text = `${JSON.stringify(line)}\n`
    if (typeof to === 'function') return to(text)
    const { directory, name } = splitPath(to)
    await writingLog(to, () => append(directory, name, new TextEncoder().encode(text)))
  }

  return {
    async onStart({ startStep }) {
      if (typeof to === 'function') return
      const kept = startStep === 0 ? [] : (await readLines(to)).filter(({ line }) => line.step <= startStep)
      told = new Set(kept.map(({ line }) => keyOf(line)))
      const text = kept.map((each) => `${each.text}\n`).join('')
      const { directory, name } = splitPath(to)
      await writingLog(to, () => replaceFile(directory, name, new TextEncoder().encode(text)))
    },
    async onStep(event) {
      if (event.step % every === 0) await tell({ event: 'step', ...event })
    },
    onValidation: (event) => tell({ event: 'validation', ...event }),
    onEpoch: (event) => tell({ event: 'epoch', ...event }),
  }
}

const keyOf = ({ event, step }: LogLine): string => `${event} ${step}`

async function readLines(file: string): Promise<{ text: string; line: LogLine }[]> {
  const { directory, name } = splitPath(file)
  const bytes = await readFile(directory, name)
  if (bytes === undefined) return []
  // A process that was killed while it wrote leaves a line without its end.
  const whole = new TextDecoder().decode(bytes).split('\n').slice(0, -1)
  return whole.map((text, index) => {
    try {
      const line = JSON.parse(text) as LogLine
      if (typeof line.event === 'string' && Number.isSafeInteger(line.step)) return { text, line }
    } catch {} // told below
    throw new LogError(
      `log: line ${index + 1} of ${file} is not of this log: ${JSON.stringify(text.slice(0, 80))}. Remove it, or log to another file.`,
    )
  })
}
