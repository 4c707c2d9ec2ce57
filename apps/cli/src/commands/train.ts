import { type ConfigOptions, collectSettings } from '../config/collect.ts'
import type { CommandContext } from '../context.ts'
import { UsageError } from '../errors.ts'

/** `ddnet train`: a new run, or `--resume` of one. Returns the exit code. */
export async function train(
  words: readonly string[],
  options: ConfigOptions & { readonly resume?: string; readonly checkpoint?: string },
  context: CommandContext,
): Promise<number> {
  if (options.checkpoint !== undefined && options.resume === undefined) {
    throw new UsageError(
      '--checkpoint says where a run goes on, and a new one begins. As in: ddnet train --resume runs/NAME --checkpoint best',
    )
  }
  const collected = await collectSettings(words, options, context.io)
  // Loaded only now, so that mistakes are answered at once.
  const [{ resumeRun, startRun }, { trainRun }] = await Promise.all([
    import('../run/begin-run.ts'),
    import('../run/train-run.ts'),
  ])
  // Training does not depend on being watched: neither on a reader (see io.ts) nor on a terminal.
  const restoreHangup = context.io.ignoreHangup()
  try {
    const run =
      options.resume === undefined
        ? await startRun(collected, context)
        : await resumeRun(options.resume, options.checkpoint, collected, context)
    try {
      return await trainRun(run, context.io)
    } finally {
      await run.dispose()
    }
  } finally {
    restoreHangup()
  }
}
