import { basename, resolve } from 'node:path'
import {
  buildModel,
  type Config,
  checkSamples,
  createSchedule,
  createTask,
  droppedText,
  type Entry,
  freeSettings,
  inputsOf,
  isOver,
  isSame,
  keysOf,
  learnedFrom,
  learningRateOf,
  lengthSettings,
  loadWeights,
  type Resolved,
  type RunFolder,
  type RunRecord,
  type RunTask,
  readTeacher,
  resolveConfig,
  show,
  type Teacher,
  TrainingRun,
  teacherOfRun,
  totalSteps,
} from '@ddnet/experiment'
import { init, type ModuleOf, summary } from '@ddnet/layers'
import { backendOfRun } from '../backend/backend-of-run.ts'
import { refuseTooLarge, refuseTooManyWeights } from '../backend/memory.ts'
import { type SelectedBackend, selectBackend } from '../backend/select-backend.ts'
import { type CollectedSettings, requestedBackend } from '../config/collect.ts'
import { catalogOfRun } from '../config/own-definitions.ts'
import type { CommandContext } from '../context.ts'
import { dataWords, fullRecipe } from '../data/data-words.ts'
import { countedImages, type LabelledImages } from '../data/labelled-images.ts'
import { loadData } from '../data/load-data.ts'
import { CliError, UsageError } from '../errors.ts'
import { installedPath } from '../installation.ts'
import { commandNames } from '../terminal/command-names.ts'
import { formatCount, formatRate } from '../terminal/format.ts'
import { createLogger } from '../terminal/logger.ts'
import { modelSummary } from '../terminal/model-summary.ts'
import { printable } from '../terminal/printable.ts'
import { styleFor } from '../terminal/style.ts'
import { expectedImages, type FoundWeights, findTeacher, findWeights } from '../weights/find-weights.ts'
import { toldTraining, toldWeights } from '../weights/told-weights.ts'
import { describeEnvironment } from './environment.ts'
import { openCheckpoint } from './open-checkpoint.ts'
import { createRunFolder, notARun, runAt } from './runs-on-disk.ts'

/** A run with everything that it needs, about to train. */
export interface ReadyRun {
  /** Its folder, and what is written there while it trains. */
  readonly run: TrainingRun
  readonly config: Config
  readonly model: ModuleOf
  readonly task: RunTask
  readonly data: LabelledImages
  /** Lets go of the backend and of the run's folder. */
  dispose(): Promise<void>
}

/** What training takes, before anything of it is written. */
interface PreparedRun {
  readonly resolved: Resolved
  readonly selected: SelectedBackend
  readonly model: ModuleOf
  readonly task: RunTask
  readonly data: LabelledImages
  readonly teacher: Teacher | undefined
  dispose(): Promise<void>
}

/** The model and the data of settings on the backend that they ask for; what can be refused is. */
export async function prepareRun(
  { layers: given, catalog }: CollectedSettings,
  context: CommandContext,
): Promise<PreparedRun> {
  const { io, start, version } = context
  const asked = given.flat().find(({ path }) => path === 'weights')?.value
  const weights = typeof asked === 'string' ? await findWeights(asked, catalog, context) : undefined
  // Whatever anybody says is stronger than what the weights came from.
  const brought = weights === undefined ? given : [...given, weights.settings]
  // Only without a GPU is there anything to measure.
  const { config: trialConfig } = resolveConfig(brought, 'short', catalog)
  const expected =
    typeof asked === 'string' && weights?.settings.length === 0 ? expectedImages(asked, trialConfig, catalog) : []
  const layers = [...brought, expected]
  const selected = await selectBackend(requestedBackend(layers), { config: trialConfig, version, io }, start)
  return disposingOnError(selected, async () => {
    createLogger(io)('backend', `${selected.title}\n${selected.reason}`)
    const resolved = resolveConfig(layers, selected.accelerated ? 'ddnet' : 'short', catalog)
    for (const each of resolved.dropped) createLogger(io)('note', droppedText(each))
    const taken = expected.filter(({ path, place }) => resolved.places.get(path) === place)
    if (taken.length > 0)
      createLogger(io)(
        'images',
        `${taken.map(({ text }) => text).join(', ')}, as weights of others for ${resolved.config.model.name} expect`,
      )
    const { teacher } = resolved.config
    const findsTeacher = async () =>
      teacher === null
        ? undefined
        : readTeacher(await findTeacher(teacher, context), teacher, (contents) => catalogOfRun(contents, io.cwd))
    return {
      resolved,
      selected,
      ...(await modelAndData(resolved.config, selected, context, { weights, findsTeacher })),
    }
  })
}

/** A new run in a folder of its own, which appears only when nothing can be refused any more. */
export async function startRun(collected: CollectedSettings, context: CommandContext): Promise<ReadyRun> {
  const { io, version, args } = context
  const { resolved, selected, model, task, data, teacher, dispose } = await prepareRun(collected, context)
  try {
    const { config } = resolved
    const folder = await createRunFolder(io.cwd, config.runs, config.name ?? automaticName(config, io.cwd))
    const lock = await folder.lock(['ddnet', ...args].join(' '))
    const release = async () => {
      await dispose()
      await lock.release()
    }
    try {
      const { backend } = selected
      const environment = describeEnvironment(version, selected, args)
      const remark = (path: string) => printable(resolved.places.get(path) ?? '')
      const remarks = { remark, schema: installedPath('config.schema.json') }
      const run = await TrainingRun.begin(folder, { config, data, task, backend, environment, remarks, teacher })
      sayRecipe(config, data, model, context)
      createLogger(io)('run', folder.path)
      return { run, config, model, task, data, dispose: release }
    } catch (error) {
      await lock.release()
      throw error
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/**
 * A run that goes on from its last checkpoint, or from another one.
 *
 * @param chosen as `--checkpoint` names it
 */
export async function resumeRun(
  path: string,
  chosen: string | undefined,
  { layers }: CollectedSettings,
  context: CommandContext,
): Promise<ReadyRun> {
  const { io, args } = context
  const folder = runAt(io.cwd, path)
  if (!(await folder.isRun())) throw new CliError(await notARun(io.cwd, folder.path))
  const lock = await folder.lock(['ddnet', ...args].join(' '))
  try {
    const ready = await continueRun(folder, chosen, layers, context)
    const release = async () => {
      await ready.dispose()
      await lock.release()
    }
    return { ...ready, dispose: release }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function continueRun(
  folder: RunFolder,
  chosen: string | undefined,
  layers: readonly (readonly Entry[])[],
  context: CommandContext,
): Promise<ReadyRun> {
  const { io, start, version, args } = context
  const say = createLogger(io)
  await folder.refuseLinks()
  const opened = await openCheckpoint(folder, chosen ?? 'last', context)
  const { entries, checkpoint, record, catalog } = opened
  const over = isOver(record, checkpoint.step)
  checkResumable(layers.flat(), entries, folder.path, over)
  const { config, places } = resolveConfig([...layers, entries], 'ddnet', catalog)
  const [steps, before] = [config, record.saved.config].map((each) => totalSteps(each, record.data.trainImages))
  const isLonger = steps !== undefined && before !== undefined && steps > before
  if (steps !== before && !(over && isLonger)) throw notLonger(config, record, folder.path, over)
  const asked = layers.flat().some(({ path }) => path === 'backend')
  const trial = { config, version, io }
  const selected = asked
    ? await selectBackend(requestedBackend(layers), trial, start)
    : await backendOfRun(record.backend, trial, start)
  return disposingOnError(selected, async () => {
    say('backend', `${selected.title}\n${selected.reason}`)
    // Without it the data would be other data, and the setting that leaves it out would change the run.
    const unreadable = `The run ${folder.path} was trained with it: put it back as it was, give data.directory=FOLDER with the images as they were, or start a new run.`
    const findsTeacher = () => teacherOfRun(folder, record, (contents) => catalogOfRun(contents, io.cwd))
    const { model, task, data, teacher } = await modelAndData(config, selected, context, { unreadable, findsTeacher })
    const { backend } = selected
    const environment = describeEnvironment(version, selected, args)
    const run = await TrainingRun.goOn(
      folder,
      opened,
      { config, data, task, backend, environment, teacher },
      {
        setsAside: chosen !== undefined && chosen !== 'last',
        dataRemedy: 'Give data.directory=FOLDER with the images as they were, or start a new run.',
        onNote: (message) => say('note', message),
      },
    )
    if (isLonger) {
      const remark = (path: string) => (lengthSettings.includes(path) ? printable(places.get(path) ?? '') : undefined)
      await folder.writeConfig(config, { remark, schema: installedPath('config.schema.json') })
      const rate = formatRate(createSchedule(config, steps)(checkpoint.step))
      say(
        'longer',
        `${formatCount(steps)} steps in place of ${formatCount(before)}, and a schedule of as many: its rate is ${rate} now`,
      )
    }
    say('run', `${folder.path}, going on after step ${checkpoint.step} of ${totalSteps(config, data.train.length)}`)
    return { run, config, model, task, data, teacher }
  })
}

/**
 * Checks that settings given together with `--resume` leave the run what it is.
 *
 * @param run the run's own settings
 * @throws UsageError for the first one that would change the run
 */
function checkResumable(given: readonly Entry[], run: readonly Entry[], path: string, over: boolean): void {
  for (const entry of given) {
    if (freeSettings.includes(entry.path) || (over && lengthSettings.includes(entry.path))) continue
    const own = run.find((each) => each.path === entry.path)
    if (own !== undefined && isSame(own.value, entry.value)) continue
    throw new UsageError(
      `${entry.text} (${entry.place}) would change the run ${path}, which has ${own?.value == null ? 'none' : show(own.value)}. Leave it out, or start a new run without --resume. Only ${freeSettings.join(', ')} may change${lengthSettings.includes(entry.path) ? ', and the length of a run when it is over' : ''}.`,
    )
  }
}

/** A run may become longer when it is over, and never shorter. */
function notLonger(asked: Config, { saved, data }: RunRecord, path: string, over: boolean): CliError {
  const length = ({ epochs, steps }: Config) => (epochs === null ? `steps=${steps}` : `epochs=${epochs}`)
  const [now, before] = [asked, saved.config].map((each) => formatCount(totalSteps(each, data.trainImages)))
  if (over)
    return new UsageError(
      `${length(asked)} (${now} steps) is not longer than the run ${path}, which is over after ${before}. Give more, or leave it out.`,
    )
  return new CliError(
    `${path}/config.yaml says ${length(asked)}, but the run was begun with ${length(saved.config)}, and is not over. Put the right file back, or delete it: the checkpoint has all that it said.`,
  )
}

async function disposingOnError<T extends { readonly model: ModuleOf; readonly teacher: Teacher | undefined }>(
  selected: SelectedBackend,
  begin: () => Promise<T>,
): Promise<T & { dispose(): Promise<void> }> {
  try {
    const begun = await begin()
    return {
      ...begun,
      dispose: async () => {
        begun.model.dispose()
        begun.teacher?.model.dispose()
        selected.backend.dispose()
      },
    }
  } catch (error) {
    selected.backend.dispose()
    throw error
  }
}

async function modelAndData(
  config: Config,
  selected: SelectedBackend,
  { io, loadData: load }: CommandContext,
  {
    weights,
    findsTeacher,
    unreadable = 'Fix or remove it, or leave it out with data.onError=skip',
  }: {
    readonly weights?: FoundWeights | undefined
    readonly findsTeacher: () => Promise<Teacher | undefined>
    readonly unreadable?: string
  },
) {
  const say = createLogger(io)
  // What cannot fit is refused before anything is downloaded, unless it takes the data to know what the model is made by.
  const known = config.data.definition.facts?.(config.data.options)
  const early = known === undefined ? await loadData(config, io, load, { unreadable }) : undefined
  const facts = known ?? (early as LabelledImages).facts
  const model = buildModel(config, facts)
  refuseTooManyWeights(model, selected.backend)
  const { height, width } = facts.image
  refuseTooLarge(model, config, facts.image, { name: selected.backend.name, accelerated: selected.accelerated })
  const loaded = weights && loadWeights(model, weights, config, facts.classNames)
  init(model, keysOf(config).model)
  const layers = summary(model, ...inputsOf(config, model, 1, facts.image))
  say('model', `${config.model.name} on ${height}×${width} pixels`)
  for (const line of modelSummary(layers, styleFor(io.stderr, io.env))) io.stderr.write(`          ${line}\n`)
  for (const [at, line] of (loaded ? toldWeights(weights.name, model, loaded) : []).entries())
    say(at === 0 ? 'weights' : '', line)
  const data = early ?? (await loadData(config, io, load))
  say('data', `${countedImages(data)}${data.classNames.length > 0 ? `, ${data.classNames.length} classes` : ''}`)
  if (data.validation === undefined && data.test === undefined) {
    throw new UsageError(
      'validation' in config.data.options
        ? `data.validation=0 leaves nothing to measure on: ${config.data.options['directory'] ?? config.data.name} has no folder val and no folder test. Try data.validation=0.2`
        : `data=${config.data.name} has no validation and no test samples, and a run is measured on one of them. Let its load give either.`,
    )
  }
  if (data.validation === undefined && config.earlyStopping.patience !== null) {
    throw new UsageError(
      `earlyStopping.patience=${config.earlyStopping.patience} needs validation images, and ${'validation' in config.data.options ? 'data.validation=0 leaves none. Try data.validation=0.1' : `data=${config.data.name} has none. Leave it out.`}`,
    )
  }
  if (data.validation === undefined && createSchedule(config, 1).watchers !== undefined) {
    throw new UsageError(
      `schedule=${config.schedule.name} needs validation images, and data.validation=0 leaves none. Try data.validation=0.1`,
    )
  }
  const plain = createTask(config, data.facts)
  await checkSamples(plain, data, config)
  const teacher = await findsTeacher()
  if (teacher === undefined) return { model, task: plain, data, teacher }
  const { temperature, weight } = config.distillation
  say('teacher', `${teacher.name}, at temperature ${temperature}: ${weight} of the loss`)
  return { model, task: learnedFrom(plain, teacher, config, data.facts), data, teacher }
}

function sayRecipe(config: Config, data: LabelledImages, model: ModuleOf, { io }: CommandContext): void {
  const { preset, epochs, batchSize, accumulate, optimizer, schedule } = config
  const say = createLogger(io)
  const steps = formatCount(totalSteps(config, data.train.length))
  const length = epochs === null ? `${steps} steps` : `${epochs} epochs (${steps} steps)`
  const rate = formatRate(learningRateOf(config))
  const course = schedule.name === 'oneCycle' ? `one cycle to ${rate}` : `${rate} ${schedule.name}`
  const images = accumulate === 1 ? `${batchSize} images` : `${accumulate} × ${batchSize} images`
  say('recipe', `preset ${preset}: ${length} of ${images}, ${optimizer.name}, ${course}`)
  const additions = additionsOf(config)
  if (additions.length > 0) say('', additions.join(', '))
  for (const line of toldTraining(model, config)) say('', line)
  const recipe = fullRecipe(config)
  if (recipe !== undefined) {
    say('', `This is ${preset === 'quick' ? 'a quick look' : 'a short run'}, not the full recipe, which is:`)
    say('', `${commandNames(io.env).trainOn(dataWords(config))} ${recipe}`)
  }
}

/** What a run does beyond the usual, in words. */
function additionsOf({ data, task, clipNorm, ema, monitor, earlyStopping, maxSeconds }: Config): string[] {
  const { crop } = data.options
  const { labelSmoothing } = task.options
  return [
    ...(typeof crop === 'number' && crop > 0 ? [`crops of images padded by ${crop}`] : []),
    ...(typeof labelSmoothing === 'number' && labelSmoothing > 0 ? [`label smoothing ${labelSmoothing}`] : []),
    ...(clipNorm === null ? [] : [`gradients clipped to norm ${clipNorm}`]),
    ...(ema.decay > 0 ? [`averaged weights (decay ${ema.decay})`] : []),
    ...(earlyStopping.patience === null
      ? []
      : [`early stopping (${monitor === null ? '' : `${monitor}, `}patience ${earlyStopping.patience})`]),
    ...(maxSeconds === null ? [] : [`at most ${maxSeconds} s`]),
  ]
}

/** `cifar10-short`, `mnist-quick`; of data with a preset or a definition of their own what the folder of the images, or the data, is called. */
function automaticName({ data, preset }: Config, cwd: string): string {
  const { directory } = data.options
  const { ownName, preset: own } = data.definition
  if (ownName === undefined && own === undefined) return `${data.name}-${preset}`
  const path = typeof directory === 'string' ? directory : data.name
  const name = basename(resolve(cwd, path))
    .replace(/\.[cm]?[jt]s$/, '')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^\W+/, '')
  const length = preset === 'quick' || preset === 'short' ? `-${preset}` : ''
  return `${name === '' ? 'run' : name}${length}`
}
