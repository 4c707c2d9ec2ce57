import type { KernelFunc } from '@tensorflow/tfjs-core'
import { maxPool2d, maxPool2dWithIndices } from './max-pool2d.ts'
import { maxPool2dGradient } from './max-pool2d-gradient.ts'
import { gatherPlane, maxUnpool2d, scatterPlane } from './plane.ts'
import { windowAverage, windowAverageGradient } from './window-average.ts'

/** The kernels of `@ddnet/ops`' poolings, by its operators' names. */
export const poolingKernels: Readonly<Record<string, KernelFunc>> = {
  adaptiveAvgPool2d: windowAverage,
  adaptiveAvgPool2dGradient: windowAverageGradient,
  avgPool2d: windowAverage,
  avgPool2dGradient: windowAverageGradient,
  gatherPlane,
  maxPool2d,
  maxPool2dGradient,
  maxPool2dWithIndices,
  maxUnpool2d,
  scatterPlane,
}
