import { createLogUpdate } from 'log-update'
import type { Io } from './io.ts'
import { harmless } from './printable.ts'
import { isLive } from './style.ts'

/** One line at the bottom that is rewritten in place while permanent lines pass above it. */
export interface LiveLine {
  /** False where nothing can be rewritten: `update` then does nothing. */
  readonly live: boolean
  /** Shows what `render` makes of the width, at most ten times a second. */
  update(render: (columns: number) => string): void
  /** Takes the line away. */
  clear(): void
}

const minMillisecondsBetween = 100

export function liveLine({ stderr, env }: Pick<Io, 'stderr' | 'env'>, now: () => number = Date.now): LiveLine {
  if (!isLive(stderr, env)) return { live: false, update: () => {}, clear: () => {} }
  // log-update asks for a stream, and uses what an Output has.
  const show = createLogUpdate((stderr.unguarded ?? stderr) as NodeJS.WriteStream, { showCursor: true })
  let shownAt = Number.NEGATIVE_INFINITY
  return {
    live: true,
    update(render) {
      if (now() - shownAt < minMillisecondsBetween) return
      shownAt = now()
      // One column stays free: some terminals wrap when the last one is written.
      show(harmless(render((stderr.columns ?? 80) - 1), stderr, env))
    },
    clear() {
      show.clear()
      shownAt = Number.NEGATIVE_INFINITY
    },
  }
}
