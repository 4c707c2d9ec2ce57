import { type ConfigOptions, collectLayers } from '../config/collect.ts'
import { readSettings } from '../config/settings.ts'
import type { Parts } from '../program.ts'

/** `ddnet train`: a new run, or `--resume` of one. Returns the exit code. */
export async function train(
  words: readonly string[],
  options: ConfigOptions & { readonly resume?: string },
  parts: Parts,
): Promise<number> {
  const settings = readSettings()
  const layers = await collectLayers(words, options, parts.io, settings)
  // Loaded only now, so that mistakes are answered at once.
  const [{ resumedRun, startedRun }, { trainRun }] = await Promise.all([
    import('../begin-run.ts'),
    import('../train-run.ts'),
  ])
  const run =
    options.resume === undefined
      ? await startedRun(layers, settings, parts)
      : await resumedRun(options.resume, layers, settings, parts)
  try {
    return await trainRun(run, parts.io)
  } finally {
    run.dispose()
  }
}
