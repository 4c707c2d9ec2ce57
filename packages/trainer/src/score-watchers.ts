import type { Optimizer } from '@ddnet/optimizers'
import type { Callback } from './callback.ts'

/**
 * Callbacks that tell the optimizers' schedules what they follow: the score that the trainer monitors. What they have seen is part of
 * each snapshot. They begin anew.
 */
export function scoreWatchers(optimizers: readonly Optimizer[]): Callback[] {
  const watchers = new Set(optimizers.flatMap(({ learningRate }) => learningRate.watchers ?? []))
  return [...watchers].map((watcher): Callback => {
    watcher.reset()
    return {
      name: watcher.name,
      state: () => watcher.state(),
      restore: (state) => watcher.restore(state as Readonly<Record<string, unknown>>), // as `state` gave it
      onValidation: ({ monitored: { name, value, better } }) => watcher.observe({ of: name, value, better }),
    }
  })
}
