export {
  CenterNet,
  type CenterNetLosses,
  type CenterNetLossOptions,
  type CenterNetOptions,
  centerNetLoss,
} from './center-net.ts'
export {
  type DecodeOptions,
  type DetectionTargets,
  type DetectionTargetsOptions,
  decodeDetections,
  detectionTargets,
  type FoundBoxes,
  type LabelledBox,
} from './center-net-boxes.ts'
export { ConvNet, type ConvNetOptions } from './conv-net.ts'
export {
  DCGAN,
  DCGANDiscriminator,
  type DCGANDiscriminatorOptions,
  DCGANGenerator,
  type DCGANGeneratorOptions,
  type DCGANOptions,
  type DCGANResult,
} from './dcgan.ts'
export { DDNet, DDNetBody, type DDNetBodyOptions, type DDNetOptions } from './ddnet.ts'
export {
  DetectionHead,
  type DetectionMaps,
  type HeadResults,
  type HeadSizes,
  MultiHeadDDNet,
  PixelDDNet,
  type PixelDDNetOptions,
  PixelHead,
} from './ddnet-heads.ts'
export { CifarDenseNet, type CifarDenseNetOptions, DenseNet, type DenseNetOptions, densenetNames } from './densenet.ts'
export {
  addNoise,
  type DdpmScheduleOptions,
  type DenoiseOptions,
  ddpmSchedule,
  denoise,
  type NoiseModel,
  type NoiseSchedule,
  noiseLoss,
} from './diffusion.ts'
export { DiffusionUNet, type DiffusionUNetOptions, ddpmCifar10 } from './diffusion-unet.ts'
export { DiscreteVAE, type DiscreteVAEOptions, type DiscreteVAEResult } from './discrete-vae.ts'
export { type GenerateOptions, generate, type LanguageModel } from './generate.ts'
export { GPT, type GPTOptions } from './gpt.ts'
export { type GumbelSoftmaxOptions, gumbelSoftmax } from './gumbel.ts'
export { type ImageSpec, imageNet } from './image-net.ts'
export { type DeconvnetOptions, deconvnet } from './inspect/deconvnet.ts'
export { featureMaps } from './inspect/feature-maps.ts'
export { type GradCamOptions, gradCam } from './inspect/grad-cam.ts'
export { type ReconstructOptions, reconstruct } from './inspect/reconstruct.ts'
export { type MobileNetStage, MobileNetV2, type MobileNetV2Options, mobilenetV2Names } from './mobilenet-v2.ts'
export {
  CifarResNet,
  type CifarResNetOptions,
  ResNet,
  ResNetBody,
  type ResNetBodyOptions,
  type ResNetOptions,
} from './resnet.ts'
export { SeedDDNet } from './seed-ddnet.ts'
export { DeconvNet, type DeconvNetOptions, SegNet, type SegNetOptions } from './segnet.ts'
export { UNet, type UNetOptions } from './unet.ts'
export { type Posterior, reparameterize, VAE, type VAEOptions, type VAEResult } from './vae.ts'
