import { concat, mul, oneHot, ones, reshape, ShapeError, type Tensor } from '@ddnet/ops'
import { itemAt } from '@ddnet/ops/checks'

/**
 * Values with the class of each sample behind them, of images at each pixel: 1 in the place of its class and 0 in those of the others,
 * `[batch, …, channels] → [batch, …, channels + classes]`. Of a model without classes they stay as they are.
 *
 * @param labels int32 `[batch]`
 * @throws ShapeError where a model with classes gets none, or one without gets some
 */
export function withClass(model: string, x: Tensor, classes: number | undefined, labels: Tensor | undefined): Tensor {
  expectLabels(model, x, classes, labels)
  if (classes === undefined || labels === undefined) return x
  const [batch, ...inner] = x.shape
  const marks = reshape(oneHot(labels, classes), [batch ?? 0, ...inner.slice(1).map(() => 1), classes])
  const each = inner.length > 1 ? mul(marks, ones([itemAt(x.shape, 0), ...inner.slice(0, -1), 1])) : marks
  return concat([x, each], -1)
}

/** @throws ShapeError unless there is a label of each sample of a model with classes, and none of another one */
export function expectLabels(model: string, x: Tensor, classes: number | undefined, labels: Tensor | undefined): void {
  if ((classes === undefined) !== (labels === undefined)) {
    throw new ShapeError(
      classes === undefined
        ? `${model}: expected no labels, as it was made without classes, got [${labels?.shape}]. Make it with { classes }.`
        : `${model}: expected the labels of the images, as it was made with classes: ${classes}. Give them behind the images or the noise.`,
    )
  }
  if (labels === undefined || labels.shape.join() === String(x.shape[0])) return
  throw new ShapeError(`${model}: expected a label of each of the ${x.shape[0]} samples, got [${labels.shape}].`)
}
