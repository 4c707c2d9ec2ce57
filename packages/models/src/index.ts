export { ConvNet, type ConvNetOptions } from './conv-net.ts'
export { DDNet, DDNetBody, type DDNetBodyOptions, type DDNetOptions } from './ddnet.ts'
export {
  DetectionHead,
  type Detections,
  type HeadResults,
  type HeadSizes,
  MultiHeadDDNet,
  PixelDDNet,
  type PixelDDNetOptions,
  PixelHead,
} from './ddnet-heads.ts'
export { CifarDenseNet, type CifarDenseNetOptions, DenseNet, type DenseNetOptions, densenetNames } from './densenet.ts'
export { type ImageSpec, imageNet } from './image-net.ts'
export { type DeconvnetOptions, deconvnet } from './inspect/deconvnet.ts'
export { featureMaps } from './inspect/feature-maps.ts'
export { type GradCamOptions, gradCam } from './inspect/grad-cam.ts'
export { type ReconstructOptions, reconstruct } from './inspect/reconstruct.ts'
export { type MobileNetStage, MobileNetV2, type MobileNetV2Options } from './mobilenet-v2.ts'
export { CifarResNet, type CifarResNetOptions, ResNet, type ResNetOptions } from './resnet.ts'
export { SeedDDNet } from './seed-ddnet.ts'
export { DeconvNet, type DeconvNetOptions, SegNet, type SegNetOptions } from './segnet.ts'
export { UNet, type UNetOptions } from './unet.ts'
