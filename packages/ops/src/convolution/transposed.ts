import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core'
import type { Activation } from '../activation/activations.ts'
import { padConstant, slice } from '../array/shape.ts'
import { itemAt, lastItem } from '../checks/item.ts'
import { addBias } from './bias.ts'
import { biasedInputGradientOp } from './biased-op.ts'
import { conv2dInputGradientOp } from './conv2d-op.ts'
import type { Pair } from './geometry.ts'
import { type Axis, imageGeometry } from './options.ts'

/** The transposed convolution of images; `axes` are the output's, checked: one (of images of one row) or two. */
export function transposed(
  x: Tensor4D,
  filter: Tensor4D,
  axes: readonly (Axis & { readonly outputPadding: number })[],
  groups: number,
  bias: Tensor1D | undefined,
  activation: Activation | undefined,
): Tensor4D {
  const sides = axes.map(({ size, padding: [cut], outputPadding, ...axis }) => ({
    ...axis,
    size,
    full: size + 2 * cut - outputPadding, // before padding cuts rows from both sides
    cut,
    // Output padding takes back rows that padding cut at the bottom; rows beyond those get nothing.
    padding: [cut, Math.max(0, cut - outputPadding)] as const,
    beyond: Math.max(0, outputPadding - cut),
  }))
  const rows = sides.length === 1 ? { size: 1, full: 1, cut: 0, beyond: 0 } : itemAt(sides, 0)
  const columns = lastItem(sides)
  if (rows.beyond + columns.beyond === 0) {
    const inputSize: Pair = [rows.size, columns.size]
    const geometry = { ...imageGeometry(sides, groups), inputSize }
    if (bias !== undefined) return biasedInputGradientOp({ dy: x, filter, bias }, { ...geometry, activation })
    return addBias(conv2dInputGradientOp({ dy: x, filter }, geometry), bias, activation)
  }
  const uncut = sides.map((side) => ({ ...side, padding: [0, 0] as const }))
  const inputSize: Pair = [rows.full, columns.full]
  const full = conv2dInputGradientOp({ dy: x, filter }, { ...imageGeometry(uncut, groups), inputSize })
  const longer = padConstant(full, [
    [0, 0],
    [0, rows.beyond],
    [0, columns.beyond],
    [0, 0],
  ])
  const cut = slice(longer, [0, rows.cut, columns.cut, 0], [x.shape[0], rows.size, columns.size, full.shape[3]])
  return addBias(cut, bias, activation)
}
