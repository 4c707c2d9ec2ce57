import { itemAt, lastItem } from '@ddnet/ops/checks'

/** What other tools call our settings, without dashes and underscores, in small letters. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  'optimizer.learningRate': ['lr', 'lr0', 'rate', 'maxlr', 'baselr', 'stepsize', 'eta'],
  optimizer: ['optimiser', 'optim', 'opt', 'algorithm'],
  'optimizer.weightDecay': ['wd', 'decay', 'l2', 'regularization'],
  'optimizer.beta1': ['betas', 'b1'],
  'optimizer.eps': ['epsilon'],
  'schedule.warmUp': ['warmup', 'warmupsteps', 'numwarmupsteps', 'warmupiters'],
  schedule: ['scheduler', 'lrscheduler', 'lrschedule', 'sched'],
  model: ['arch', 'architecture', 'network', 'net', 'backbone'],
  'model.channels': ['filters', 'widths', 'width', 'features'],
  'data.directory': ['directory', 'datadir', 'dataroot', 'root', 'traindir'],
  'data.flip': ['fliplr', 'hflip', 'horizontalflip', 'randomflip'],
  'data.crop': ['randomcrop', 'croppadding', 'translate'],
  'ema.decay': ['ema', 'emadecay', 'modelema', 'average'],
  'task.labelSmoothing': ['smoothing', 'loss'],
  monitor: ['score', 'metric', 'watch', 'savebest', 'metricforbestmodel'],
  'earlyStopping.minDelta': ['minchange', 'mindelta'],
  'earlyStopping.patience': ['earlystopping', 'earlystop', 'patience'],
  'validation.every': ['valinterval', 'validateevery', 'evalsteps', 'evalevery', 'validation', 'checkvaleverynepoch'],
  'validation.images': ['valimages', 'limitvalbatches'],
  'checkpoint.every': ['saveevery', 'saveperiod', 'savesteps', 'checkpoint', 'savefreq'],
  'checkpoint.keep': ['savetoplimit', 'savetotallimit', 'savetopk', 'maxtokeep'],
  weights: ['pretrained', 'finetune', 'finetunefrom', 'loadweights', 'initfrom', 'initcheckpoint'],
  weightsExcept: ['exclude', 'ignorekeys', 'skipkeys', 'excludeweights'],
  freeze: ['frozen', 'freezelayers'],
  headFirst: ['freezeepochs', 'unfreezeepoch', 'warmuphead'],
  rates: ['lrmult', 'lrmultipliers', 'paramgroups', 'layerlr'],
  clipNorm: ['clip', 'clipgrad', 'clipgradnorm', 'gradclip', 'gradientclipval', 'maxgradnorm', 'maxnorm', 'clipnorm'],
  batchSize: ['batch', 'bs', 'batches', 'minibatch', 'perdevicetrainbatchsize', 'trainbatchsize'],
  accumulate: ['accum', 'gradaccum', 'accumulategradbatches', 'gradientaccumulationsteps', 'accumulationsteps'],
  epochs: ['epoch', 'e', 'numepochs', 'nepochs', 'nepoch', 'maxepochs', 'numtrainepochs', 'passes'],
  steps: ['iterations', 'iters', 'iter', 'maxsteps', 'numsteps', 'maxiter', 'maxiters', 'maxiterations'],
  maxSeconds: ['time', 'maxtime', 'timelimit', 'timeout', 'seconds'],
  'data.size': ['imgsz', 'imgsize', 'imagesize', 'imsize', 'resolution', 'inputsize', 'inputshape', 'resize'],
  seed: ['randomseed', 'randomstate', 'rngseed'],
  backend: ['device', 'devices', 'gpu', 'gpus', 'cuda', 'accelerator', 'cpu', 'platform'],
  runs: ['project', 'out', 'output', 'outputdir', 'outdir', 'savedir', 'logdir', 'runsdir', 'workdir'],
  name: ['runname', 'experiment', 'expname', 'run', 'exp', 'tag'],
  preset: ['recipe', 'profile'],
  folder: ['dataset', 'path', 'images', 'datapath', 'datafolder', 'imagefolder', 'dir', 'source', 'train'],
}

/** What other tools have as a setting and this one decides itself. */
const absent: Readonly<Record<string, string>> = {
  workers: 'Images are read beside the training, by as many threads as there are cores; leave it out',
  threads: 'As many threads compute as there are cores; leave it out',
  precision: 'Training computes in float32; leave it out',
  shuffle: 'Training images come in a new order each epoch, by the seed; leave it out',
  pinmemory: 'There is nothing to choose; leave it out',
}
const absentNames: Readonly<Record<string, keyof typeof absent>> = {
  numworkers: 'workers',
  dataloadernumworkers: 'workers',
  njobs: 'threads',
  numthreads: 'threads',
  amp: 'precision',
  fp16: 'precision',
  bf16: 'precision',
  half: 'precision',
  dtype: 'precision',
  mixedprecision: 'precision',
}

const plain = (word: string): string => word.toLowerCase().replace(/^-+|[-_ ]/g, '')

const settingBySynonym = new Map(
  Object.entries(synonyms).flatMap(([path, names]) => names.map((name) => [name, path] as const)),
)

/**
 * What a name of another tool is here: a setting's path, or `folder` for the word that names a folder of images; nothing for
 * a name that nobody uses.
 *
 * @param word as it was typed: `lr0`, `optimizer.lr`, `--batch_size`
 * @param paths of all settings
 */
export function settingMeantBy(word: string, paths: Iterable<string>): string | undefined {
  const all = [...paths]
  const written = plain(word)
  const [group, last = ''] = word.includes('.')
    ? [plain(itemAt(word.split('.'), 0)), plain(lastItem(word.split('.')))]
    : ['', written]
  // `optimizer.name` of nested settings is `optimizer` here.
  if (last === 'name' && all.includes(group)) return group
  const inGroup = all.filter((path) => path.includes('.') && plain(itemAt(path.split('.'), 0)) === group)
  const meant = settingBySynonym.get(last)
  const named = (inGroup.length > 0 ? inGroup : all).filter((path) => plain(lastItem(path.split('.'))) === last)
  // Of several that end so, the one that the word means elsewhere: early stopping's patience.
  const spelled = all.find((path) => plain(path) === written) ?? named.find((path) => path === meant) ?? named[0]
  if (spelled !== undefined) return spelled
  return meant === undefined || inGroup.length === 0 || inGroup.includes(meant) ? meant : undefined
}

/** Why there is no setting of this name, which other tools have. */
export function absentSetting(word: string): string | undefined {
  const name = plain(lastItem(word.split('.')))
  const key = absentNames[name] ?? name
  return Object.hasOwn(absent, key) ? absent[key] : undefined
}

/** What people call the values of settings that have names. */
const valueSynonyms: Readonly<Record<string, string>> = {
  gpu: 'cuda',
  nvidia: 'cuda',
  mps: 'webgpu',
  metal: 'webgpu',
  webgl: 'webgpu',
  tf: 'tensorflow',
  node: 'tensorflow',
  webassembly: 'wasm',
  js: 'wasm',
  onecyclelr: 'oneCycle',
  cosineannealing: 'cosine',
  cosineannealinglr: 'cosine',
  step: 'stepDecay',
  steplr: 'stepDecay',
  multisteplr: 'multiStep',
  linearlr: 'linear',
  exponentiallr: 'exponential',
  cosineannealingwarmrestarts: 'cosineWarmRestarts',
  sgdr: 'cosineWarmRestarts',
  warmrestarts: 'cosineWarmRestarts',
  reducelronplateau: 'reduceOnPlateau',
  plateau: 'reduceOnPlateau',
  none: 'constant',
  acc: 'accuracy',
  valaccuracy: 'accuracy',
  valloss: 'loss',
  ignore: 'skip',
  raise: 'throw',
  adamw: 'adamW',
  seed: 'article',
  classify: 'classification',
  autoencoder: 'reconstruction',
}

/** The one of `names` that a value means: spelled in another case, with other dashes, or by what others call it. */
export function nameMeantBy(value: string, names: readonly string[]): string | undefined {
  const written = plain(value)
  const device = /^(?:gpu|cuda):?(\d+)$/.exec(written)?.[1] ?? (/^\d+$/.test(written) ? written : undefined)
  if (device !== undefined && names.includes('cuda:N')) return `cuda:${device}`
  const meant = valueSynonyms[written]
  return (
    names.find((name) => plain(name) === written) ?? (meant !== undefined && names.includes(meant) ? meant : undefined)
  )
}
