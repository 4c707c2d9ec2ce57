import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { util } from '@tensorflow/tfjs-core'
import { itemAt } from '../checks/item.ts'
import { wasmKernel } from '../kernels/wasm-heap.ts'

/** Repeats along each axis as copies of whole blocks, from the last axis to the first; tfjs-wasm's own copies value by value. */
export const tileWasm: KernelConfig = wasmKernel<{ x: Tensor }, { reps: number[] }>('Tile', ({ x }, { reps }, heap) => {
  const y = heap.output(
    x.shape.map((size, axis) => size * itemAt(reps, axis)),
    x.dtype,
  )
  const axes = x.shape.map((_, axis) => axis).filter((axis) => reps[axis] !== 1)
  // Without repetition it is still a copy: one block, once.
  const passes = axes.length === 0 ? [0] : axes.reverse()
  const bytes = util.bytesPerElement(x.dtype)
  let from = heap.address(x)
  for (const [pass, axis] of passes.entries()) {
    const outer = util.sizeFromShape(x.shape.slice(0, axis))
    const block = (x.shape[axis] ?? 1) * util.sizeFromShape(y.shape.slice(axis + 1)) * bytes
    const repeats = reps[axis] ?? 1
    const to = pass === passes.length - 1 ? heap.address(y) : heap.scratch(outer * repeats * block)
    heap.runner.run('tile', heap.write('Tile', { x: from, y: to, outer, repeats, block }))
    from = to
  }
  return y
})
