import { type Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { backendStarters } from './backend/backend-starters.ts'
import type { BenchOptions } from './commands/bench.ts'
import type { PrepareOptions } from './commands/data-prepare.ts'
import type { SceneOptions } from './commands/data-scenes.ts'
import type { ExportOptions } from './commands/export.ts'
import type { FindLrOptions } from './commands/find-lr.ts'
import type { GenerateCommandOptions } from './commands/generate.ts'
import type { PredictOptions } from './commands/predict.ts'
import type { PruneOptions } from './commands/prune.ts'
import type { SearchOptions } from './commands/search.ts'
import type { VisualizeOptions } from './commands/visualize.ts'
import type { ConfigOptions } from './config/collect.ts'
import { wordAtHome } from './config/home.ts'
import type { CommandContext } from './context.ts'
import { loadCifar10 } from './data/load-data.ts'
import { explain } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { checkpointChoice, checkpointNames } from './run/checkpoint-choice.ts'
import type { Io } from './terminal/io.ts'
import { guarded } from './terminal/printable.ts'
import { reportError } from './terminal/report-error.ts'
import { type Mistake, usageOf } from './usage.ts'

/** Runs one command line and returns its exit code; every error becomes one line on stderr. */
export async function main(
  args: readonly string[],
  given: Io,
  {
    start = backendStarters,
    loadData = loadCifar10,
    loadInstaller = () => import('@ddnet/backend-node/install'),
  }: Partial<Pick<CommandContext, 'start' | 'loadData' | 'loadInstaller'>> = {},
): Promise<number> {
  const io = guarded(given)
  let exitCode: number = exitCodes.done
  let mistake: Mistake | undefined
  const program = createProgram(
    { io, start, loadData, loadInstaller, version: packageJson.version, args },
    (code) => {
      exitCode = code
    },
    (made) => {
      mistake = made
    },
  )
  try {
    await program.parseAsync(
      args.map((word) => wordAtHome(word, io.env.HOME)),
      { from: 'user' },
    )
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.done // help or version
      if (mistake !== undefined) reportError(io, await usageOf(mistake, args)) // else it showed the help
      return exitCodes.usage
    }
    const { message, exitCode: code } = explain(error)
    reportError(io, message)
    if (args.includes('--verbose') && error instanceof Error) io.stderr.write(`${stackOf(error)}\n`)
    return code
  }
}

/** The command line. What a command does is loaded only when it is called, so that mistakes are answered at once. */
function createProgram(
  context: CommandContext,
  done: (exitCode: number) => void,
  mistaken: (mistake: Mistake) => void,
): Command {
  const { io } = context
  const program = new Command('ddnet')
    .description(packageJson.description)
    .version(packageJson.version)
    .option('--verbose', 'show where an error comes from')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHelpWidth: () => io.stdout.columns ?? 80,
      getErrHelpWidth: () => io.stderr.columns ?? 80,
    })
    .configureHelp({
      minWidthToWrap: 30,
      subcommandTerm: (command) => `${command.name()} ${command.registeredArguments.map(argumentTerm).join(' ')}`,
    })
    .addHelpText('after', examples)

  program
    .command('train')
    .summary('train a network, or go on with a run')
    .description(
      'Trains a network. The command line is stronger than DDNET_* variables, these than the file, that than the preset.\n`ddnet config --explain` lists all settings.',
    )
    .argument(
      '[words...]',
      'data set (cifar10, mnist, folder=PATH with images in a folder a class, masks=PATH with images and masks, or coco=FILE with boxes) and settings, as in epochs=10 optimizer.learningRate=0.001',
    )
    .option('--backend <name>', 'auto, cuda, cuda:N, tensorflow, cpu, webgpu or wasm; only auto chooses by itself')
    .option('--config <file>', 'file of settings, .yaml or .ts')
    .option('--resume <run>', 'go on with the run in this folder, from its last checkpoint')
    .option('--checkpoint <name>', `of the run that goes on, from which: ${checkpointNames} (last)`, checkpointChoice)
    .action(async (words: string[], options: ConfigOptions & { resume?: string; checkpoint?: string }) => {
      const { train } = await import('./commands/train.ts')
      done(await train(words, options, context))
    })

  program
    .command('find-lr')
    .summary('suggest a learning rate, from some steps in which it grows')
    .description(
      'Trains for some steps while the learning rate grows from step to step, shows the loss over the rates, and suggests the one where it falls most steeply. Takes the settings of `ddnet train`, and writes no run.',
    )
    .argument('[words...]', 'data set and settings, as for train')
    .option('--steps <count>', 'steps of the sweep, at least 10', wholeNumber, 100)
    .option('--from <rate>', 'the first learning rate', positiveNumber, 1e-6)
    .option('--to <rate>', 'the last learning rate', positiveNumber, 1)
    .option('--plot <file>', 'draw the curve into this file, .svg or .png')
    .option('--backend <name>', 'backend, as for train')
    .option('--config <file>', 'file of settings, .yaml or .ts')
    .option('--json', 'print JSON')
    .action(async (words: string[], options: FindLrOptions) => {
      const { findLr } = await import('./commands/find-lr.ts')
      done(await findLr(words, options, context))
    })

  program
    .command('eval')
    .summary('measure a run on all test images')
    .argument('<run>', 'folder of the run')
    .option('--checkpoint <name>', `which checkpoint: ${checkpointNames}`, checkpointChoice, 'last')
    .option('--backend <name>', 'backend; by default the one that trained')
    .option('--json', 'print JSON')
    .action(async (path: string, options: { checkpoint: string; backend?: string; json?: boolean }) => {
      const { evaluate } = await import('./commands/eval.ts')
      await evaluate(path, options, context)
    })

  program
    .command('predict')
    .summary('say what images show: classes, masks …')
    .description(
      'Says of each image what its task finds: of photos in classes the five likeliest, of a segmentation how much of the image each class takes. With a run, by its model, and without images of some test images; without a run, by the model for the ten classes of CIFAR-10 that comes with DDNet. An image that cannot be read is told, and the others go on.',
    )
    .argument(
      '[words...]',
      'folder of a run, and images: files, folders, patterns, or - for standard input; or images alone',
    )
    .option('--checkpoint <name>', `which checkpoint of the run: ${checkpointNames} (last)`, checkpointChoice)
    .option('--backend <name>', 'backend; by default the one that trained, or wasm')
    .option('--json', 'print JSON, one line an image')
    .option('--csv', 'print CSV, one row a guess')
    .option('--to <folder>', 'write pictures of the predictions into this new folder; of a segmentation masks, too')
    .option('--force', 'write into a folder with files in it, and over those of the same names')
    .option('--coco <file>', 'of a detection: write all boxes into this file, as COCO has results, for pycocotools')
    .option('--annotations <file>', "with --coco: COCO's JSON with the ids of the images; by default the run's own")
    .action(async (words: string[], options: PredictOptions) => {
      const { predict } = await import('./commands/predict.ts')
      done(await predict(words, options, context))
    })

  program
    .command('generate')
    .summary('make new images with a run of model=vae, dcgan or diffusion')
    .description(
      'Makes new images with a run of a model that learned to, and writes a sheet and single images. The same words give the same images on the same backend.',
    )
    .argument('<run>', 'folder of the run')
    .argument(
      '[words...]',
      'count=64, seed=1, class=NAME of a model that is told classes; of diffusion steps=50, eta=0, guidance=1; between=9 with --interpolate',
    )
    .option('--interpolate', 'the way from one image to another, a row for each of count pairs (8)')
    .option('--to <folder>', 'where to write; by default a folder in RUN/generated, which is named by the words')
    .option('--checkpoint <name>', `which checkpoint: ${checkpointNames}`, checkpointChoice, 'last')
    .option('--backend <name>', 'backend; by default the one that trained')
    .option('--json', 'print JSON')
    .action(async (path: string, words: string[], options: GenerateCommandOptions) => {
      const { generate } = await import('./commands/generate.ts')
      await generate(path, words, options, context)
    })

  program
    .command('visualize')
    .summary('look inside a model: filters, feature maps, Grad-CAM, deconvnet …')
    .description(
      'Draws curves, the confusion matrix, predictions, filters, feature maps, Grad-CAM, deconvnet projections and reconstructions as PNGs, and puts them into report.html.',
    )
    .argument('<run>', 'folder of the run')
    .argument('[images...]', 'image files to look at; without any, some test images')
    .option('--to <folder>', 'where to write; by default RUN/pictures, and the report in RUN')
    .option(
      '--only <names>',
      'some of these, with commas: curves, confusion, predictions, filters, feature-maps, grad-cam, deconvnet, reconstructions',
    )
    .option('--checkpoint <name>', `which checkpoint: ${checkpointNames}`, checkpointChoice, 'last')
    .option('--backend <name>', 'backend; by default the one that trained')
    .option('--json', 'print JSON')
    .action(async (path: string, images: string[], options: VisualizeOptions) => {
      const { visualize } = await import('./commands/visualize.ts')
      await visualize(path, images, options, context)
    })

  program
    .command('export')
    .summary('write a model for other programs: ONNX or safetensors')
    .argument('<run>', 'folder of the run')
    .argument('<file>', 'model.onnx (ONNX Runtime, browsers) or model.safetensors (PyTorch, DDNet)')
    .option('--checkpoint <name>', `which checkpoint: ${checkpointNames}`, checkpointChoice, 'last')
    .option('--layout <layout>', 'of an ONNX file: images as NCHW or NHWC (default: NCHW)')
    .option('--float16', 'store weights in half the bytes')
    .option('--int8', 'ONNX that computes in int8, measured beside float32 where ONNX Runtime is installed')
    .option('--calibration <images>', 'of --int8: training images that decide the ranges (default: 512)', wholeNumber)
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print JSON')
    .action(async (path: string, file: string, options: ExportOptions) => {
      const { exportModel } = await import('./commands/export.ts')
      await exportModel(path, file, options, context)
    })

  program
    .command('prune')
    .summary('take channels or weights out of a run: a new run, to be fine-tuned')
    .description(
      'channels=0.5 takes half of the channels: a smaller network. weights=0.8 sets the smallest four fifths of the weights to 0. What comes out is a run as any other, measured on what is held out, from which weights=RUN goes on.',
    )
    .argument('<run>', 'folder of the run')
    .argument('[words...]', 'channels=SHARE or weights=SHARE, and name=NAME of the new run')
    .option('--checkpoint <name>', `which checkpoint: ${checkpointNames}`, checkpointChoice, 'last')
    .option('--backend <name>', 'where to measure; by default what trained the run')
    .option('--json', 'print JSON')
    .action(async (path: string, words: string[], options: PruneOptions) => {
      const { prune } = await import('./commands/prune.ts')
      await prune(path, words, options, context)
    })

  program
    .command('search')
    .summary('train with many settings, and show which are worth their cost')
    .description(
      "Trains one run for each of some settings, and shows their scores and costs: parameters, multiply-adds, memory, milliseconds on each backend. What may vary has several values or a range; all else is as for train.\nddnet search cifar10 trials=20 'model.channels=[8,16],[16,32]' optimizer.learningRate=0.001..0.01",
    )
    .argument(
      '[words...]',
      'trials=20, halving=3 to let one in three go on, name=NAME, searchSeed=1, and data set and settings as for train; KEY=A,B,C or KEY=LOW..HIGH may vary',
    )
    .option('--backend <name>', 'where the trials are trained, as for train')
    .option('--config <file>', 'file of settings, .yaml or .ts')
    .option('--resume <search>', 'go on with the search in this folder')
    .option('--no-bench', 'do not measure milliseconds on each backend')
    .option('--json', 'print JSON')
    .action(async (words: string[], options: SearchOptions) => {
      const { search } = await import('./commands/search.ts')
      done(await search(words, options, context))
    })

  program
    .command('doctor')
    .summary('say what works on this machine, and what would help')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const { doctor } = await import('./commands/doctor.ts')
      done(await doctor(options, context))
    })

  program
    .command('bench')
    .summary('measure a training step of a run on each backend')
    .description(
      'Measures what train would do with these settings, on each backend that is here or the one asked for: training steps and forward passes on noise, and how fast the images come where they are here.',
    )
    .argument('[words...]', 'data set and settings, as for train')
    .option('--backend <name>', 'this one alone, as for train')
    .option('--config <file>', 'file of settings, .yaml or .ts')
    .option('--steps <count>', 'steps measured on each; by default some seconds of them', wholeNumber)
    .option('--profile', "where the time of one backend's step goes, by operator")
    .option('--json', 'print JSON')
    .action(async (words: string[], options: BenchOptions) => {
      const { bench } = await import('./commands/bench.ts')
      done(await bench(words, options, context))
    })

  const runs = program.command('runs').summary('list and compare runs')
  runs
    .command('list', { isDefault: true })
    .summary('a line a run, the newest last')
    .argument('[folder]', 'folder of the runs; by default DDNET_RUNS, or runs')
    .option('--json', 'print JSON, one line a run')
    .action(async (folder: string | undefined, options: { json?: boolean }) => {
      const { listRuns } = await import('./commands/runs.ts')
      await listRuns(folder, options, context)
    })
  runs
    .command('compare')
    .summary('results side by side, and the settings that differ')
    .argument('<runs...>', 'folders of two runs or more')
    .option('--json', 'print JSON')
    .action(async (paths: string[], options: { json?: boolean }) => {
      const { compareRuns } = await import('./commands/runs.ts')
      await compareRuns(paths, options, context)
    })

  program
    .command('init')
    .summary('begin a project in TypeScript, with a test')
    .argument('[folder]', 'an empty or new folder', '.')
    .action(async (folder: string) => {
      const { init } = await import('./commands/init.ts')
      await init(folder, context)
    })

  const data = program.command('data').summary('prepare, inspect and measure data sets')
  data
    .command('prepare')
    .summary('fetch CIFAR-10, write a data set as PNGs in a folder a class, or compose scenes of its pictures')
    .description(
      'Fetches a data set, and with --to writes it as PNGs in a folder a class. With --synthetic scenes it composes scenes of the pictures (of mnist, where no data set is named): images, masks, boxes as COCO has them, and captions, all exact. The same options give the same files.',
    )
    .argument('[data]', 'cifar10, mnist, fashionMnist=PATH, or the path of a folder with images in a folder a class')
    .option('--to <folder>', 'write square PNGs into this new folder: train/CLASS/0.png …')
    .option('--size <pixels>', 'their height and width; by default as they are, 64 for a folder', wholeNumber)
    .option('--images <count>', 'at most so many of each class; of scenes, so many to train on (2000)', wholeNumber)
    .addOption(new Option('--synthetic <what>', 'compose scenes of the pictures').choices(['scenes']))
    .option(
      '--test <count>',
      'scenes to test on, of the test images; by default a fifth of those to train on',
      wholeOrNone,
    )
    .option('--objects <range>', 'how many objects a scene has: 3, or 1-4 (1-4)', range)
    .option('--seed <number>', 'which scenes: another number gives others (0)', wholeOrNone)
    .action(
      async (
        name: string | undefined,
        { synthetic, ...options }: PrepareOptions & SceneOptions & { synthetic?: string },
      ) => {
        if (synthetic !== undefined) {
          const { prepareScenes } = await import('./commands/data-scenes.ts')
          return prepareScenes(name ?? 'mnist', options, context)
        }
        const { prepareData } = await import('./commands/data-prepare.ts')
        await prepareData(name, options, context)
      },
    )
  data
    .command('inspect')
    .summary('count images, classes and sizes, and list what cannot be read')
    .argument(
      '<data>',
      'cifar10, mnist, fashionMnist=PATH, masks=PATH, or the path of a folder with images in a folder a class',
    )
    .argument('[settings...]', 'how it is to be read, as data.ignore=255')
    .option('--json', 'print JSON')
    .action(async (name: string, settings: string[], options: { json?: boolean }) => {
      const { inspectData } = await import('./commands/data-inspect.ts')
      done(await inspectData([name, ...settings], options, context))
    })
  data
    .command('statistics')
    .summary('mean and standard deviation of each channel, as settings for train')
    .argument('<data>', 'cifar10, mnist, fashionMnist=PATH, or the path of a folder with images in a folder a class')
    .option('--size <pixels>', 'of a folder: the size that images are trained at', wholeNumber, 64)
    .option('--json', 'print JSON')
    .action(async (name: string, options: { size: number; json?: boolean }) => {
      const { dataStatistics } = await import('./commands/data-statistics.ts')
      await dataStatistics(name, options, context)
    })

  const backend = program.command('backend').summary('install or remove TensorFlow')
  backend
    .command('install')
    .summary('install TensorFlow')
    .description(
      "Brings TensorFlow's C library into DDNet's cache, compiles its addon and trains three steps with it. Takes Linux, a Python with pip and a C++ compiler; changes neither that Python nor node_modules. What is there already stays.",
    )
    .argument('<name>', 'tensorflow')
    .option('--cuda', 'with CUDA and cuDNN, for NVIDIA GPUs (3 GB to download)')
    .option('--python <path>', 'the Python whose pip fetches it (python3)')
    .option('--from <path>', 'use a TensorFlow that is here: a folder site-packages/tensorflow, or a tfjs_binding.node')
    .action(async (name: string, options: { cuda?: boolean; python?: string; from?: string }) => {
      const { installBackend } = await import('./commands/backend.ts')
      done(await installBackend(name, options, context))
    })
  backend
    .command('remove')
    .summary("remove TensorFlow from DDNet's cache")
    .argument('<name>', 'tensorflow')
    .action(async (name: string) => {
      const { removeBackend } = await import('./commands/backend.ts')
      done(await removeBackend(name, context))
    })

  program
    .command('config')
    .summary('print the settings that train would use, and where each comes from')
    .description('Prints the settings that train would use, as YAML that --config reads.')
    .argument('[words...]', 'data set and settings, as for train')
    .option('--backend <name>', 'backend, as for train')
    .option('--config <file>', 'file of settings, .yaml or .ts')
    .option('--explain', 'say what each setting means and accepts, too')
    .action(async (words: string[], options: ConfigOptions & { explain?: boolean }) => {
      const { printConfig } = await import('./commands/config.ts')
      await printConfig(words, options, context)
    })

  for (const command of withSubcommands(program)) {
    command.configureOutput({ outputError: (text) => mistaken({ text, command }) })
  }
  return program
}

const withSubcommands = (command: Command): Command[] => [command, ...command.commands.flatMap(withSubcommands)]

const argumentTerm = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function wholeNumber(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Expected a whole number above 0.')
}

function wholeOrNone(text: string): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new InvalidArgumentError('Expected a whole number of at least 0.')
}

/** `3`, or `1-4`. */
function range(text: string): readonly [least: number, most: number] {
  const [, least = '', most = least] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  const [from, to] = [Number(least), Number(most)]
  if (from >= 1 && to >= from && Number.isSafeInteger(to)) return [from, to]
  throw new InvalidArgumentError('Expected a whole number above 0, or two in order, as in 1-4.')
}

function positiveNumber(text: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('Expected a number above 0.')
}

const stackOf = (error: Error): string =>
  error.cause instanceof Error ? `${error.stack}\ncaused by ${stackOf(error.cause)}` : String(error.stack)

const examples = `
Examples:
  ddnet train cifar10
  ddnet train cifar10 epochs=10 optimizer.learningRate=0.001 --backend webgpu
  ddnet train folder=./photos
  ddnet train --resume runs/cifar10-ddnet
  ddnet eval runs/cifar10-ddnet
  ddnet predict cat.jpg
  ddnet predict runs/cifar10-ddnet cat.jpg
  ddnet train mnist model=vae
  ddnet generate runs/mnist count=64 seed=1
  ddnet runs compare runs/a runs/b
  ddnet bench cifar10 batchSize=128
  ddnet backend install tensorflow

Exit codes: 0 done, 1 failed, 2 usage or settings, 3 diverged,
4 device unavailable, 74 output could not be written, 130 interrupted,
141 whoever read the output went away, 143 terminated`
