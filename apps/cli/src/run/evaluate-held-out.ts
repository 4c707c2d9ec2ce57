import { type Evaluation, evaluateHeldOut as evaluateRun } from '@ddnet/experiment'
import type { Io } from '../terminal/io.ts'
import { liveLine } from '../terminal/live-line.ts'
import { countLine } from '../terminal/progress-line.ts'
import { styleFor } from '../terminal/style.ts'

/** Measures a model on what is held out, and shows how far it is. */
export async function evaluateHeldOut(run: Parameters<typeof evaluateRun>[0], io: Io): Promise<Evaluation> {
  const line = liveLine(io)
  const style = styleFor(io.stderr, io.env)
  try {
    return await evaluateRun(run, (done, total, split) =>
      line.update((columns) => countLine(split === 'test' ? 'testing' : 'validating', done, total, columns, style)),
    )
  } finally {
    line.clear()
  }
}
