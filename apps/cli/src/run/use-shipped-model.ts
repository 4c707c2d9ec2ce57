import { builtIn, type Config, createTask, resolveConfig, settingCatalog } from '@ddnet/experiment'
import { selectBackend } from '../backend/select-backend.ts'
import type { CommandContext } from '../context.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatPercent } from '../terminal/format.ts'
import { createLogger } from '../terminal/logger.ts'
import { explicitBackend, type UsedRun } from './use-run.ts'

/** What a run has, but for the images that it was trained on. */
export interface ShippedModel extends Pick<UsedRun, 'model' | 'task' | 'facts' | 'classNames' | 'dispose'> {
  readonly config: Pick<Config, 'data'>
}

/**
 * The model that `@ddnet/models` carries, on WebAssembly unless another backend is asked for: that is everywhere, starts at
 * once, and is fast enough for some images.
 *
 * @throws UsageError or BackendUnavailable for a backend that there is not
 */
export async function useShippedModel(
  asked: string | undefined,
  { io, start, version }: CommandContext,
): Promise<ShippedModel> {
  const catalog = settingCatalog(builtIn)
  const say = createLogger(io)
  const requested = explicitBackend(asked, io)
  const defaults = resolveConfig([], 'ddnet', catalog).config
  const { backend, title, reason } = await selectBackend(requested ?? 'wasm', { config: defaults, version, io }, start)
  say('backend', requested === undefined ? title : `${title} (${reason})`)
  const { cifar10DDNet } = await import('@ddnet/models/cifar10')
  const { model, classNames, size, mean, std, accuracy } = cifar10DDNet()
  say('model', `DDNet trained on CIFAR-10, right for ${formatPercent(accuracy)} of its test images`)
  const others = `${commandNames(io.env).ddnet} train folder=PATH`
  say('', `It takes every image for one of ${classNames.join(', ')}. For classes of your own: ${others}`)
  const config = { ...defaults, data: { ...defaults.data, options: { ...defaults.data.options, size, mean, std } } }
  const facts = { image: { height: size, width: size, channels: 3 }, classNames }
  return {
    model,
    task: createTask(config, facts),
    config,
    facts,
    classNames,
    dispose: () => {
      model.dispose()
      backend.dispose()
    },
  }
}
