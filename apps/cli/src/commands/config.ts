import { chosenSetting, droppedText, flatSettings, resolveConfig, toYaml } from '@ddnet/experiment'
import { isAccelerated } from '../backend/select-backend.ts'
import { type ConfigOptions, collectSettings, requestedBackend } from '../config/collect.ts'
import type { CommandContext } from '../context.ts'
import { createLogger, wrap } from '../terminal/logger.ts'
import { settingsOfWeights } from '../weights/find-weights.ts'

/** `ddnet config`: the settings that `train` would use, where each comes from, and on request what it means. */
export async function printConfig(
  words: readonly string[],
  options: ConfigOptions & { readonly explain?: boolean },
  context: CommandContext,
): Promise<void> {
  const { io, start } = context
  const { layers: given, catalog } = await collectSettings(words, options, io)
  const layers = [...given, await settingsOfWeights(given, catalog, context)]
  const accelerated = await isAccelerated(requestedBackend(layers), start) // it decides the automatic preset
  const { config, places, dropped } = resolveConfig(layers, accelerated ? 'ddnet' : 'short', catalog)
  const settings = flatSettings(config)
  const values = new Map(Object.entries(settings))
  const explanation = (path: string) => {
    const setting = options.explain ? chosenSetting(path, values, catalog) : undefined
    return setting === undefined ? [] : wrap(`${setting.about}: ${setting.expects}`, 78)
  }
  for (const each of dropped) createLogger(io)('note', droppedText(each))
  io.stdout.write(toYaml(settings, (path) => places.get(path), explanation))
}
