/** What a network expects of the images that it is given. */
export interface ImageSpec {
  /** Height and width that its weights were trained with; others work where the network says so. */
  readonly size: number
  /** Of each channel, subtracted from pixels of 0 … 1. */
  readonly mean: readonly number[]
  /** Of each channel, by which the images are divided then. */
  readonly std: readonly number[]
}

/** What torchvision's and timm's weights for ImageNet expect: red, green and blue, `(pixels − mean) / std`. */
export const imageNet: ImageSpec = { size: 224, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
