export {
  type Classification,
  type ClassificationBatch,
  type ClassificationEvaluation,
  type ClassificationMeasures,
  type ClassificationOptions,
  type Classifier,
  type ClassPrediction,
  classification,
} from './classification.ts'
export {
  type BoxPrediction,
  type Detection,
  type DetectionBatch,
  type DetectionEvaluation,
  type DetectionMeasures,
  type DetectionOptions,
  type Detector,
  detection,
} from './detection.ts'
export {
  type Denoised,
  type Denoiser,
  type DiffusionBatch,
  type DiffusionMeasures,
  type DiffusionOptions,
  type DiffusionTask,
  diffusion,
} from './diffusion.ts'
export {
  type GanBatch,
  type GanMeasures,
  type GanOptions,
  type GanTask,
  type GeneratorAndDiscriminator,
  gan,
  type Judgement,
} from './gan.ts'
export type { Generation, GenerationOptions, PixelRange, Sampling } from './generation.ts'
export type { MadePicture } from './made-pictures.ts'
export {
  type Autoencoder,
  type Reconstruction,
  type ReconstructionBatch,
  type ReconstructionEvaluation,
  type ReconstructionMeasures,
  type ReconstructionOptions,
  type ReconstructionTask,
  reconstruction,
} from './reconstruction.ts'
export {
  type MaskPrediction,
  type Segmentation,
  type SegmentationBatch,
  type SegmentationEvaluation,
  type SegmentationMeasures,
  type SegmentationOptions,
  type Segmenter,
  segmentation,
} from './segmentation.ts'
export type {
  DataFacts,
  DistillationOptions,
  FoundBox,
  ModelOutput,
  Networks,
  PageSections,
  PredictedFrom,
  PredictedPicture,
  ReportColumn,
  ReportTable,
  ScoreView,
  Task,
  TaskReport,
  TaskViews,
} from './task.ts'
export type { WholePicture } from './tiles.ts'
export {
  type VaeBatch,
  type VaeEvaluation,
  type VaeMeasures,
  type VaeOptions,
  type VaeReconstruction,
  type VaeTask,
  type VariationalAutoencoder,
  vae,
} from './vae.ts'
