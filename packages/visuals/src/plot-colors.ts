import type { Color } from './picture.ts'

/** The colors of curves in their order, on white: told apart without color vision by lightness, and again from the first after the last. */
export const curveColors: readonly Color[] = [
  [37, 99, 235],
  [234, 88, 12],
  [22, 130, 60],
  [147, 51, 234],
  [190, 24, 93],
  [82, 82, 91],
]

export const curveColor = (index: number): Color => curveColors[index % curveColors.length] as Color
