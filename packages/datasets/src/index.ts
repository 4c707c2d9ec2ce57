export { decodeImage } from '#decode-image'
export { cifar10 } from './cifar10/cifar10.ts'
export { cifar10ClassNames } from './cifar10/class-names.ts'
export type { Cifar10, Cifar10Options, DownloadProgress } from './cifar10/types.ts'
export { type Batch, type Collatable, collate } from './collate.ts'
export type { ClassificationSample, Dataset, DetectionSample, GetOptions, SegmentationSample } from './dataset.ts'
export { DatasetError } from './dataset-error.ts'
export {
  type ArrayField,
  type BoxesField,
  type BoxLabelsField,
  boxesField,
  boxLabelsField,
  type Field,
  type FieldKind,
  float,
  type ImageField,
  type ImageShape,
  imageField,
  kindOf,
  type MaskField,
  maskField,
  type ProbabilitiesField,
  probabilitiesField,
} from './fields.ts'
export { directoryFiles } from './files/directory-files.ts'
export { type Files, type Survey, subfolder, surveyOf } from './files/files.ts'
export { pickedFiles } from './files/picked-files.ts'
export { type ServedFilesOptions, servedFiles } from './files/served-files.ts'
export { type ImageArrays, imageDataset } from './image-dataset.ts'
export type { MaskColor, MaskMeaning, OptionText } from './images/decode-mask.ts'
export type { ImageLimits } from './images/limits.ts'
export type { Frame } from './images/orientation.ts'
export {
  type Collate,
  type Loader,
  type LoaderOptions,
  type LoaderState,
  loader,
  type SampleLoader,
} from './loader.ts'
export { type ImageTransform, map, type Transform } from './map.ts'
export { SampleError, type Skipped } from './sample-error.ts'
export { balancedWeights, type Sampler, type WeightedSamplerOptions, weightedSampler } from './samplers.ts'
export { type CocoInstances, cocoOfScenes } from './scenes/coco-of-scenes.ts'
export { describeScene, type Noun, nounOf, type SceneCaptions } from './scenes/describe-scene.ts'
export {
  type Scene,
  type SceneColor,
  type SceneObject,
  type SceneSample,
  type Scenes,
  type ScenesOptions,
  sceneColors,
  scenes,
} from './scenes/scenes.ts'
export { type Cifar100, cifar10Binary, cifar100 } from './sources/cifar-binary.ts'
export { type Coco, type CocoOptions, coco } from './sources/coco.ts'
export type { CocoLeftOut } from './sources/coco-json.ts'
export { type CocoRuns, type CocoSegmentation, cocoMask } from './sources/coco-mask.ts'
export { type IdxArray, readIdx } from './sources/idx.ts'
export {
  type FolderNotes,
  type ImageFolder,
  type ImageSplits,
  imageFolder,
  imageSplits,
} from './sources/image-folder.ts'
export {
  type MaskFolder,
  type MaskFolderOptions,
  type MaskProblem,
  maskFolder,
  pairMasks,
  refuseUnpaired,
} from './sources/mask-folder.ts'
export { idxDataset, type Mnist, mnist } from './sources/mnist.ts'
export type { LeftOut } from './sources/sort-files.ts'
export { type SplitName, splitOf } from './sources/split-folders.ts'
export { type StratifiedSplitOptions, stratifiedSplit } from './stratified-split.ts'
export { subset } from './subset.ts'
export { tensorDataset } from './tensor-dataset.ts'
export type { AffineSampling, Fill } from './transforms/affine.ts'
export { type AugMixOptions, augMix } from './transforms/aug-mix.ts'
export {
  type AutoAugmentOptions,
  type AutoAugmentPolicy,
  autoAugment,
  type RandAugmentOptions,
  randAugment,
} from './transforms/auto-augment.ts'
export { centerCrop } from './transforms/center-crop.ts'
export { type ColorJitterOptions, colorJitter } from './transforms/color-jitter.ts'
export { cutMix } from './transforms/cut-mix.ts'
export { letterbox } from './transforms/letterbox.ts'
export type { Classes, Mixed, MixOptions } from './transforms/mix.ts'
export { mixUp } from './transforms/mix-up.ts'
export { type NormalizeOptions, normalize } from './transforms/normalize.ts'
export { type RandomAffineOptions, randomAffine } from './transforms/random-affine.ts'
export { type RandomCropOptions, randomCrop } from './transforms/random-crop.ts'
export { type RandomErasingOptions, randomErasing } from './transforms/random-erasing.ts'
export { randomHorizontalFlip } from './transforms/random-horizontal-flip.ts'
export { type RandomResizedCropOptions, randomResizedCrop } from './transforms/random-resized-crop.ts'
export { randomVerticalFlip } from './transforms/random-vertical-flip.ts'
export type { Interval } from './transforms/ranges.ts'
export { type ResizeOptions, resize } from './transforms/resize.ts'
export { sanitizeBoxes } from './transforms/sanitize-boxes.ts'
export type { Sides } from './transforms/sides.ts'
export { type TrivialAugmentWideOptions, trivialAugmentWide } from './transforms/trivial-augment-wide.ts'
export { inOwnOrder, validationSplit } from './validation-split.ts'
export { serveDataset } from './workers/serve-dataset.ts'
export {
  type DatasetWorker,
  type WorkerDataset,
  type WorkerDatasetOptions,
  workerDataset,
} from './workers/worker-dataset.ts'
