import { isAccelerated } from '../backend/select-backend.ts'
import { type ConfigOptions, collectLayers, requestedBackend } from '../config/collect.ts'
import { droppedText, resolveConfig } from '../config/resolve.ts'
import { readSettings } from '../config/settings.ts'
import { toYaml } from '../config/to-yaml.ts'
import type { CommandContext } from '../context.ts'
import { createLogger } from '../terminal/logger.ts'

/** `ddnet config`: the settings that `train` would use, where each comes from, and on request what it means. */
export async function printConfig(
  words: readonly string[],
  options: ConfigOptions & { readonly explain?: boolean },
  { io, start }: CommandContext,
): Promise<void> {
  const settings = readSettings()
  const layers = await collectLayers(words, options, io, settings)
  const accelerated = await isAccelerated(requestedBackend(layers), start) // it decides the automatic preset
  const { config, places, dropped } = resolveConfig(layers, accelerated ? 'ddnet' : 'short', settings)
  const explanation = (path: string) => {
    const setting = options.explain ? settings.byPath.get(path) : undefined
    return setting && `${setting.about}: ${setting.expects}`
  }
  for (const each of dropped) createLogger(io)('note', droppedText(each))
  io.stdout.write(toYaml(config, (path) => places.get(path), explanation))
}
