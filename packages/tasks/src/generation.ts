import { div, type Key, mul, ShapeError, sub, type Tensor } from '@ddnet/ops'

interface ImageSize {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** How a task makes new images of noise. */
export interface Generation<Net> {
  /** The shape of the noise of one image of such a size, of standard normal numbers. */
  noiseShape(model: Net, image: ImageSize): readonly number[]
  /** Of images that are made in steps, how; nothing where one pass makes them. */
  readonly sampling?: Sampling
  /** The most steps that there may be. */
  mostSteps?(model: Net): number
  /**
   * New images of noise: the same noise, labels and key give the same images.
   *
   * @param noise `[batch, …noiseShape]`, which stays the caller's
   * @returns `[batch, height, width, channels]` of 0 … 1, which the caller disposes
   * @throws RangeError for options that the task does not have
   */
  generate(model: Net, noise: Tensor, options: GenerationOptions): Tensor
}

/** How images are made in steps, where nobody says otherwise. */
export interface Sampling {
  readonly steps: number
  /** How much noise is added on the way: 0 none, as DDIM, 1 as much as DDPM. */
  readonly eta: number
  /** How far images are pushed to their class: 1 is not at all. */
  readonly guidance: number
}

export interface GenerationOptions extends Partial<Pick<Sampling, 'steps' | 'eta' | 'guidance'>> {
  /** The class of each image, int32 `[batch]`, of a model that is told. */
  readonly labels?: Tensor | undefined
  /** What is drawn on the way depends on it. */
  readonly key: Key
}

/** What black and white are in the batches. */
export type PixelRange = readonly [black: number, white: number]

/** @throws RangeError for a range without extent */
export function expectRange(task: string, [black, white]: PixelRange): void {
  if (white > black && Number.isFinite(white - black)) return
  throw new RangeError(`${task}: expected range with black below white, got [${black}, ${white}].`)
}

/** Images of `range` as numbers from 0 to 1. */
export const toUnit = (images: Tensor, [black, white]: PixelRange): Tensor =>
  black === 0 && white === 1 ? images : div(sub(images, black), white - black)

/** Images of `range` as numbers from −1 to 1. */
export const toSigned = (images: Tensor, range: PixelRange): Tensor =>
  range[0] === -1 && range[1] === 1 ? images : sub(mul(toUnit(images, range), 2), 1)

/**
 * The labels of a batch for a model that is told them; none for another one.
 *
 * @throws ShapeError where the batch has none
 */
export function labelsFor(
  task: string,
  conditionClasses: number | undefined,
  { label }: { readonly label?: Tensor | undefined },
): Tensor | undefined {
  if (conditionClasses === undefined || label !== undefined) return conditionClasses === undefined ? undefined : label
  throw new ShapeError(
    `${task}: the model is told the class of each image, and these have none. Give images with labels, as those of its data.`,
  )
}
