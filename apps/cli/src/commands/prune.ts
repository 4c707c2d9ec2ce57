import { basename, dirname } from 'node:path'
import {
  buildModel,
  type Config,
  type Evaluation,
  pruneChannels,
  pruneWeights,
  recordOf,
  resultOf,
  short,
  show,
} from '@ddnet/experiment'
import { type StateDict, summary } from '@ddnet/layers'
import { checkpointName, encodeCheckpoint } from '@ddnet/trainer'
import type { CommandContext } from '../context.ts'
import { dataWords } from '../data/data-words.ts'
import { UsageError } from '../errors.ts'
import { evaluateHeldOut } from '../run/evaluate-held-out.ts'
import { openCheckpoint } from '../run/open-checkpoint.ts'
import { createRunFolder } from '../run/runs-on-disk.ts'
import { type UsedRun, type UseOptions, useRun } from '../run/use-run.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount } from '../terminal/format.ts'
import { createCommandLogger, createLogger } from '../terminal/logger.ts'
import { shellWord } from '../terminal/shell-word.ts'

export interface PruneOptions extends UseOptions {
  readonly json?: boolean
}

/** What is taken out of a network, and how much of it. */
interface Pruning {
  readonly what: 'channels' | 'weights'
  readonly share: number
  readonly name: string | undefined
}

/** What is left of a network: an ordinary run. */
interface Pruned {
  readonly config: Config
  readonly model: StateDict
  readonly optimizer: StateDict
}

/** `ddnet prune RUN channels=0.5`, or `weights=0.8`: a new run, of a smaller network or of one with zeros, to be fine-tuned. */
export async function prune(
  path: string,
  words: readonly string[],
  { json, ...options }: PruneOptions,
  context: CommandContext,
): Promise<void> {
  const { io } = context
  const pruning = pruningOf(words)
  const used = await useRun(path, options, context)
  // The new run goes on without a teacher, which it does not keep.
  const run: UsedRun = { ...used, config: { ...used.config, teacher: null } }
  try {
    const pruned = prunedRun(run, pruning, path)
    const { checkpoint, record } = await openCheckpoint(run.folder, options.checkpoint, context)
    const { task, facts } = run
    const data = await run.loadData()
    const before = await evaluateHeldOut({ ...run, data }, io)
    const model = buildModel(pruned.config, facts)
    model.loadStateDict(pruned.model)
    try {
      const after = await evaluateHeldOut({ model, task, config: pruned.config, data }, io)
      const folder = await createRunFolder(io.cwd, dirname(path), pruning.name ?? `${basename(path)}-pruned`)
      await folder.writeConfig(pruned.config)
      await folder.writeJson('data', record.data)
      const environment = await run.folder.readEnvironment()
      if (environment !== undefined) await folder.writeJson('environment', environment)
      // What the logs and whoever watched the scores remember is of the other network.
      const { callbacks, best, config, version, ...snapshot } = checkpoint
      const name = checkpointName(checkpoint.step)
      const files = await encodeCheckpoint(
        { ...snapshot, model: pruned.model, optimizer: { ...snapshot.optimizer, tensors: pruned.optimizer } },
        { config: recordOf(pruned.config, record.data, record.backend) },
      )
      await folder.checkpoints.writeFolder(name, { ...files })
      await folder.checkpoints.linkTo('last', name)
      await folder.writeJson('result', { step: checkpoint.step, ...resultOf(after) })
      const { height, width, channels } = facts.image
      const costs = [run.model, model].map((each) => summary(each, [1, height, width, channels]))
      const report = { run: folder.path, of: run.folder.path, ...costsOf(costs, pruned.model), before, after }
      if (json) io.stdout.write(`${JSON.stringify({ ...report, before: resultOf(before), after: resultOf(after) })}\n`)
      else tell(report, pruning, pruned.config, context)
    } finally {
      model.dispose()
    }
  } finally {
    run.dispose()
  }
}

const example = 'As in: ddnet prune runs/NAME channels=0.5'

/** @throws UsageError for words that are not one share, and perhaps a name */
function pruningOf(words: readonly string[]): Pruning {
  let [pruning, name]: [Omit<Pruning, 'name'> | undefined, string | undefined] = [undefined, undefined]
  for (const word of words) {
    const [, key, text = ''] = /^([^=]*)=([\s\S]*)$/.exec(word) ?? []
    if (key === 'name') {
      if (!/^\w[\w.-]*$/.test(text))
        throw new UsageError(`${short(word)}: expected letters, digits, dots, dashes and underscores. Try name=small`)
      name = text
      continue
    }
    if (key !== 'channels' && key !== 'weights') {
      throw new UsageError(`'${short(word)}': expected channels=SHARE, weights=SHARE or name=NAME. ${example}`)
    }
    const share = text.trim() === '' ? Number.NaN : Number(text)
    if (!(share > 0 && share < 1)) {
      throw new UsageError(
        `${short(word)}: expected the share that goes, above 0 and below 1, got ${show(text)}. Try ${key}=0.5`,
      )
    }
    if (pruning !== undefined) {
      throw new UsageError(`${pruning.what}=${pruning.share} and ${word}: prune one after the other. ${example}`)
    }
    pruning = { what: key, share }
  }
  if (pruning === undefined) {
    throw new UsageError(`expected what goes: channels=0.5 for a smaller network, or weights=0.8 for zeros. ${example}`)
  }
  return { ...pruning, name }
}

/** @throws UsageError for a model that does not say how its channels hang together */
function prunedRun({ config, model, checkpoint }: UsedRun, { what, share }: Pruning, path: string): Pruned {
  const tensors = { model: { ...checkpoint.model }, optimizer: { ...checkpoint.optimizer.tensors } }
  if (what === 'weights') return { config, ...tensors, model: pruneWeights(model, tensors.model, share) }
  const { definition, options } = config.model
  const { channels } = options
  const groups = definition.channelGroups?.(options)
  if (groups === undefined || !Array.isArray(channels)) {
    throw new UsageError(
      `channels=${share}: model=${config.model.name} does not say which of its channels hang together. Try weights=${share}, or say it as channelGroups in a model of your own: ddnet prune ${path} weights=${share}`,
    )
  }
  const cut = pruneChannels(model, tensors, { groups, channels, share })
  return {
    config: { ...config, model: { ...config.model, options: { ...options, channels: cut.channels } } },
    model: cut.model,
    optimizer: cut.optimizer,
  }
}

type Costs = ReturnType<typeof summary>

function costsOf([whole, left]: readonly Costs[], model: StateDict) {
  const weights = Object.values(model).filter(({ shape }) => shape.length > 1)
  const zeros = weights.reduce((sum, { data }) => sum + Array.from(data, Number).filter((each) => each === 0).length, 0)
  return {
    parameters: { before: whole?.parameters ?? 0, after: left?.parameters ?? 0 },
    multiplyAdds: { before: whole?.multiplyAdds ?? 0, after: left?.multiplyAdds ?? 0 },
    zeros,
    weights: weights.reduce((sum, { data }) => sum + data.length, 0),
  }
}

interface Report extends ReturnType<typeof costsOf> {
  readonly run: string
  readonly before: Evaluation
  readonly after: Evaluation
}

function tell(
  { run, parameters, multiplyAdds, zeros, weights, before, after }: Report,
  { what }: Pruning,
  config: Config,
  { io }: CommandContext,
): void {
  const say = createLogger({ ...io, stderr: io.stdout })
  const millions = (count: number) => `${(count / 1e6).toFixed(2)} M`
  if (what === 'channels') {
    say(
      'pruned',
      `model.channels=[${config.model.options['channels']}]: ${formatCount(parameters.before)} → ${formatCount(parameters.after)} parameters, ${millions(multiplyAdds.before)} → ${millions(multiplyAdds.after)} multiply-adds`,
    )
  } else say('pruned', `${formatCount(zeros)} of ${formatCount(weights)} weights are 0`)
  say('before', `${before.split} ${before.headline}`)
  say('after', `${after.split} ${after.headline}`)
  say('run', run)
  const { trainOn } = commandNames(io.env)
  const keep = what === 'weights' ? ' keepZeros=true' : ''
  const length = config.epochs === null ? `steps=${config.steps}` : `epochs=${config.epochs}`
  createCommandLogger({ ...io, stderr: io.stdout })(
    'fine-tune',
    `${trainOn(dataWords(config))} weights=${shellWord(run)}${keep} ${length}`,
  )
}
