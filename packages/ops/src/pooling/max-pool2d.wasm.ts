import type { KernelConfig, Tensor4D } from '@tensorflow/tfjs-core'
import { wasmKernel } from '../engine/wasm-heap.ts'
import type { PoolGeometry } from './max-pool2d-op.ts'

/**
 * Calls `visit(outputRow, inputRow)` for each pixel of each window, windows and taps row by row; both are the offsets of
 * a pixel's first channel. Taps in the padding are left out.
 */
function eachTap(
  shape: Tensor4D['shape'],
  { kernelSize, stride, padding, dilation, outputSize }: PoolGeometry,
  visit: (output: number, input: number, first: boolean) => void,
): void {
  const [batch, height, width, channels] = shape
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < outputSize[0]; row++) {
      for (let column = 0; column < outputSize[1]; column++) {
        const output = ((image * outputSize[0] + row) * outputSize[1] + column) * channels
        let first = true
        for (let u = 0; u < kernelSize[0]; u++) {
          const y = row * stride[0] - padding[0][0] + u * dilation[0]
          if (y < 0 || y >= height) continue
          for (let v = 0; v < kernelSize[1]; v++) {
            const x = column * stride[1] - padding[1][0] + v * dilation[1]
            if (x < 0 || x >= width) continue
            visit(output, ((image * height + y) * width + x) * channels, first)
            first = false
          }
        }
      }
    }
  }
}

/** tfjs-wasm's own pooling gradient is wrong for negative inputs: its running maximum starts at the smallest positive float. */
export const maxPool2dWasm: KernelConfig = wasmKernel<{ x: Tensor4D }, PoolGeometry>(
  'maxPool2d',
  ({ x }, geometry, heap) => {
    const channels = x.shape[3]
    const result = heap.output([x.shape[0], ...geometry.outputSize, channels])
    const values = heap.view(x)
    const y = heap.view(result)
    y.fill(Number.NEGATIVE_INFINITY)
    eachTap(x.shape, geometry, (output, input) => {
      for (let channel = 0; channel < channels; channel++) {
        const value = values[input + channel] as number
        // A NaN wins and stays, as in PyTorch.
        if (value > (y[output + channel] as number) || Number.isNaN(value)) y[output + channel] = value
      }
    })
    return result
  },
)

export const maxPool2dGradientWasm: KernelConfig = wasmKernel<Record<'dy' | 'x' | 'y', Tensor4D>, PoolGeometry>(
  'maxPool2dGradient',
  (inputs, geometry, heap) => {
    const result = heap.output(inputs.x.shape)
    const [dy, x, y, dx] = [heap.view(inputs.dy), heap.view(inputs.x), heap.view(inputs.y), heap.view(result)]
    const channels = inputs.x.shape[3]
    const taken = new Uint8Array(channels)
    dx.fill(0)
    eachTap(inputs.x.shape, geometry, (output, input, first) => {
      if (first) taken.fill(0)
      for (let channel = 0; channel < channels; channel++) {
        if (taken[channel] === 0 && x[input + channel] === y[output + channel]) {
          taken[channel] = 1
          dx[input + channel] = (dx[input + channel] as number) + (dy[output + channel] as number)
        }
      }
    })
    return result
  },
)
