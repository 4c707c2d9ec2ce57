export type ImageShape = readonly [height: number, width: number, channels: number]

/** An image, as bytes 0 … 255 or as floats on the scale where white is 1. */
export interface ImageField<Data extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly kind: 'image'
  readonly data: Data
  readonly shape: ImageShape
}

/** The class of each pixel of an image. */
export interface MaskField {
  readonly kind: 'mask'
  readonly data: Uint8Array | Int32Array
  readonly shape: readonly [height: number, width: number]
}

/** Boxes on an image: left, top, right and bottom of each, in pixels from its top left corner. */
export interface BoxesField {
  readonly kind: 'boxes'
  /** `[count, 4]` */
  readonly data: Float32Array
}

/** The class of each box of its sample. */
export interface BoxLabelsField {
  readonly kind: 'boxLabels'
  /** `[count]` */
  readonly data: Int32Array
}

/** A label that is several classes at once, each with a probability, as `mixUp` makes it. */
export interface ProbabilitiesField {
  readonly kind: 'probabilities'
  /** `[classes]` */
  readonly data: Float32Array
}

/** Numbers of which no transform knows more than their shape. A typed array alone is one of shape `[length]`. */
export interface ArrayField<Shape extends readonly number[] = readonly number[]> {
  readonly kind?: 'array' | undefined
  readonly data: Float32Array | Int32Array | Uint8Array
  readonly shape: Shape
}

/**
 * What a field of a sample may be. Its kind is told by the value: a number is a class (a whole number from 0, or −100 for
 * one to be ignored), a typed array and `{ data, shape }` are arrays, and what only looks like an array says its `kind`.
 */
export type Field =
  | number
  | Float32Array
  | Int32Array
  | Uint8Array
  | ImageField
  | MaskField
  | BoxesField
  | BoxLabelsField
  | ProbabilitiesField
  | ArrayField

export type FieldKind = 'class' | 'image' | 'mask' | 'boxes' | 'boxLabels' | 'probabilities' | 'array'

/**
 * Its type says neither bytes nor floats: transforms make the one of the other.
 *
 * @example imageField(new Uint8Array(32 * 32 * 3), [32, 32, 3])
 */
export const imageField = (data: Uint8Array | Float32Array, shape: ImageShape): ImageField => ({
  kind: 'image',
  data,
  shape,
})

/** @example maskField(new Uint8Array(32 * 32), [32, 32]) */
export const maskField = (data: MaskField['data'], shape: MaskField['shape']): MaskField => ({
  kind: 'mask',
  data,
  shape,
})

/** @example boxesField(Float32Array.of(4, 4, 12, 20)) // one box, 8 pixels wide and 16 high */
export const boxesField = (data: Float32Array): BoxesField => ({ kind: 'boxes', data })

/** @example boxLabelsField(Int32Array.of(3)) */
export const boxLabelsField = (data: Int32Array): BoxLabelsField => ({ kind: 'boxLabels', data })

/** @example probabilitiesField(Float32Array.of(0.25, 0.75)) */
export const probabilitiesField = (data: Float32Array): ProbabilitiesField => ({ kind: 'probabilities', data })

/** A number that is measured, for a plain number is a class. @example { x: Float32Array.of(1, 2), y: float(0.37) } */
export const float = (value: number): ArrayField<readonly []> => ({ data: Float32Array.of(value), shape: [] })

export const isArray = (value: unknown): value is Float32Array | Int32Array | Uint8Array =>
  value instanceof Float32Array || value instanceof Int32Array || value instanceof Uint8Array

const kinds: ReadonlySet<unknown> = new Set(['image', 'mask', 'boxes', 'boxLabels', 'probabilities', 'array'])

/** The kind of a value, however its inside is; nothing where it is not a field. */
export function kindOf(value: unknown): FieldKind | undefined {
  if (typeof value === 'number') return 'class'
  if (isArray(value)) return 'array'
  if (typeof value !== 'object' || value === null) return undefined
  const { kind, data, shape } = value as Partial<Record<string, unknown>>
  if (kind !== undefined) return kinds.has(kind) ? (kind as FieldKind) : undefined
  return data !== undefined && Array.isArray(shape) ? 'array' : undefined
}

export const isImage = (value: unknown): value is ImageField => kindOf(value) === 'image'
export const isMask = (value: unknown): value is MaskField => kindOf(value) === 'mask'
export const isBoxes = (value: unknown): value is BoxesField => kindOf(value) === 'boxes'
export const isBoxLabels = (value: unknown): value is BoxLabelsField => kindOf(value) === 'boxLabels'
export const isProbabilities = (value: unknown): value is ProbabilitiesField => kindOf(value) === 'probabilities'
