/** Mutants that change no result, by the line that they change, each with the reason; the rest must be caught. */
const known = [
  {
    file: 'array/extremum.wasm.ts',
    line: 'return sizes.every((size, axis) => size === shape[shape.length - sizes.length + axis])',
    from: '-',
    reason: 'nothing is recognised as a repetition then, and the values are spread out first',
  },
  {
    file: 'array/prod.ts',
    line: 'y = y.shape[0] === 2 * half ? product : concat([product, slice(y, 2 * half)], 0)',
    from: '[product, slice(y, 2 * half)]',
    reason: 'factors in another order',
  },
  {
    file: 'array/reduce.wasm.ts',
    line: 'const first = axes[0] ?? 0',
    from: '0',
    reason: 'without axes every way to see the tensor gives a copy',
  },
  {
    file: 'array/reduce.wasm.ts',
    line: "if (outer * count * inner < 16_384) heap.runner.runAlone('sumAxis', job)",
    from: '*',
    reason: 'results do not depend on the number of threads',
  },
  {
    file: 'assembly/filter-gradient.ts',
    line: 'if ((all.outChannels & 7) != 0) memory.fill(kernels, 0,',
    from: '0',
    reason: 'columns beyond the channels are computed and never stored',
  },
  {
    file: 'assembly/cross-entropy.ts',
    line: 'i32x4.shuffle(exps, exps, 2, 3, 2, 3)',
    from: '2',
    reason: 'the upper half is not read',
  },
  {
    file: 'assembly/group-norm-job.ts',
    line: 'return i32x4.shuffle(values, values, 2, 3, 2, 3)',
    from: '2',
    reason: 'the upper half is not read',
  },
  {
    file: 'assembly/group-norm-job.ts',
    line: 'return i32x4.shuffle(values, values, 2, 3, 2, 3)',
    from: '3',
    reason: 'the upper half is not read',
  },
  {
    file: 'assembly/exp.ts',
    line: 'let series: f64 = 0',
    from: '0',
    reason: 'the series begins with a term below 1e-13',
  },
  {
    file: 'assembly/group-norm.ts',
    line: 'const scale = centre + row',
    from: '+',
    reason: 'it lies where the sums lay, which are done with',
  },
  {
    file: 'assembly/pack-weights.ts',
    line: 'if (width == 8 && all.outerStep == 4) {',
    from: '8',
    reason: 'the way for any width gives the same',
  },
  {
    file: 'autodiff/differentiate.ts',
    line: "clone(cast(add(tensor([0]), 0), 'float32'))",
    from: '0',
    reason: 'operators are called to be registered; their values are not looked at',
  },
  {
    file: 'autodiff/gradient.ts',
    line: 'outputsToSave: Array.from({ length: 8 }',
    from: '8',
    reason: 'no operator has more than eight outputs',
  },
  {
    file: 'autodiff/gradient.ts',
    line: 'return [dy, shared].flat().includes(dx) ? anotherHandle(dx) : dx',
    from: '[dy, shared]',
    reason: 'a set has no order',
  },
  {
    file: 'loss/cross-entropy.ts',
    line: "{ reduction = 'mean', labelSmoothing = 0, classWeights",
    from: '0',
    reason: '0 and 1 are both in its range, which alone is checked here',
  },
  {
    file: 'loss/cross-entropy.wasm.ts',
    line: 'gradient: 0,',
    from: '0',
    reason: 'the forward kernel has no gradient to write',
  },
  {
    file: 'loss/cross-entropy.wasm.ts',
    line: 'weights: 0,',
    from: '0',
    reason: 'the backward kernel has no weights to write',
  },
  {
    file: 'loss/cross-entropy.wasm.ts',
    line: 'if (logits.size < 16_384)',
    from: '16_384',
    reason: 'results do not depend on the number of threads',
  },
  {
    file: 'normalization/batch-norm.wasm.ts',
    line: 'Math.min(512, Math.max(16, Math.floor(4096 / channels)))',
    from: '16',
    reason: 'how rows are divided among sums in float64',
  },
  {
    file: 'normalization/batch-norm.wasm.ts',
    line: 'dy = 0, mean',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'normalization/group-norm-op.ts',
    line: 'mean(square(sub(grouped, average)), [1, 3], true)',
    from: '[1, 3]',
    reason: 'the axes of a mean have no order',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'Math.min(512, Math.max(16, Math.floor(4096 / channels)))',
    from: '/',
    reason: 'how rows are divided among sums in float64',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'Math.min(outer, 64, Math.max(4, Math.floor(2 ** 20 / channels)))',
    from: '/',
    reason: 'how rows are divided among sums in float64',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'const chunkOuter = Math.ceil(outer / chunks)',
    from: '/',
    reason: 'how rows are divided among sums in float64',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'dy: gradients === undefined ? 0 : heap.address(gradients.dy)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'gradientOfWeight: gradients === undefined ? 0 : heap.address(gradients.gradientOfWeight)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'gradientOfBias: gradients === undefined ? 0 : heap.address(gradients.gradientOfBias)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'normalization/group-norm.wasm.ts',
    line: 'partial: gradients === undefined ? 0 : heap.scratch(chunks * channels * 16)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'padding/pad.ts',
    line: 'const plain = padding[0] === 0 && padding[1] === 0',
    from: '1',
    reason: 'axes without padding are merged only to have fewer of them',
  },
  {
    file: 'pooling/adaptive-avg-pool2d.ts',
    line: 'const isSliding = rows.over === 1 && columns.over === 1',
    from: '1',
    reason: 'both kernels give the same means',
  },
  {
    file: 'pooling/adaptive-avg-pool2d.ts',
    line: 'margins: [0, 0], divisor: 0',
    from: '0',
    reason: 'no window reaches beyond the image',
  },
  {
    file: 'pooling/adaptive-max-pool2d.ts',
    line: '(each === axis ? [0, 1] : [0, 0])',
    from: '1',
    reason: 'one −∞ more, which no window has',
  },
  {
    file: 'pooling/geometry.ts',
    line: '(output - 1) * stride[index] + reach - size[index] - padding[index])',
    from: '-',
    reason: 'padding behind the last window',
  },
  {
    file: 'assembly/pack-weights.ts',
    line: 'v128.store(to, f32x4.splat(0))',
    from: '0',
    reason: 'columns beyond the channels are computed and never stored',
  },
  {
    file: 'pooling/max-pool2d.wasm.ts',
    line: 'dy: dy === undefined ? 0 : heap.address(dy)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'pooling/max-pool2d.wasm.ts',
    line: 'dx: dx === undefined ? 0 : heap.address(dx)',
    from: '0',
    reason: 'an address that is not read',
  },
  {
    file: 'pooling/plane.wasm.ts',
    line: 'planeJob(heap, x, y, indices, [x.shape[1], x.shape[2]], true)',
    from: '[x.shape[1], x.shape[2]]',
    reason: 'the kernel reads their product',
  },
  {
    file: 'assembly/resize.ts',
    line: 'if (end - first == 4 && load<f32>(all.weights + first) == 1) {',
    from: '-',
    reason: 'the way for any number of weights gives the same',
  },
  {
    file: 'array/arg-max.ts',
    line: "if (x.size === 0) return tf.zeros(shape, 'int32')",
    from: '0',
    reason: 'the largest of one value is at 0',
  },
  {
    file: 'convolution/conv2d-filter-gradient.wasm.ts',
    line: 'const quads = Math.ceil(inChannels / 4)',
    from: '/',
    reason: 'more scratch than the kernel uses',
  },
  {
    file: 'convolution/conv2d-op.ts',
    line: 'if (x.shape[0] === 0) return tf.zeros([...kernelSize,',
    from: '0',
    reason: 'a guard for stock kernels that refuse a batch of none; that of the CPU takes it',
  },
  {
    file: 'normalization/batch-norm.wasm.ts',
    line: 'const row = channels * 4',
    from: '4',
    reason: 'more scratch than the kernel uses',
  },
  {
    file: 'assembly/pack-weights.ts',
    line: 'v128.store(to, f32x4.splat(0), 16)',
    from: '0',
    reason: 'columns beyond the channels are computed and never stored',
  },
  {
    file: 'pooling/max-pool2d-op.ts',
    line: 'row * width + column : -1',
    from: '1',
    reason: 'any negative number is the padding',
  },
  {
    file: 'pooling/pool1d.ts',
    line: 'stride: [1, stride]',
    from: '1',
    reason: 'one row has one window, whatever the stride',
  },
  {
    file: 'resampling/pixel-shuffle.wasm.ts',
    line: 'if (batch * height * width * channels * factor ** 2 < 16_384)',
    from: '*',
    reason: 'results do not depend on the number of threads',
  },
  {
    file: 'resampling/resample-axis.wasm.ts',
    line: 'if (outer * inner * (outputSize + sources.length) < 16_384)',
    from: '+',
    reason: 'results do not depend on the number of threads',
  },
  {
    file: 'resampling/resample-axis.ts',
    line: '[outer, table.outputSize, taps, inner]',
    from: '[outer, table.outputSize, taps, inner]',
    reason: 'the sum is over an axis behind these two',
  },
  {
    file: 'resampling/resample-axis.ts',
    line: 'weights: new Float32Array(outputSize * taps).fill(1)',
    from: '1',
    reason: 'it weighs zeros',
  },
]

const isThis =
  (path, { source, from }) =>
  (each) =>
    path.endsWith(`/${each.file}`) && source.includes(each.line) && from === each.from

/** The reason why a mutant changes no result; undefined where it does. */
export function equivalent(path, mutant) {
  return known.find(isThis(path, mutant))?.reason
}

/**
 * Those of the list that no file has any more: neither excuses a mutant nor says anything true.
 *
 * @param {{ path: string, mutants: { source: string, from: string }[] }[]} files all that are broken on purpose
 */
export function stale(files) {
  const seen = new Set(
    files.flatMap(({ path, mutants }) => mutants.flatMap((mutant) => known.filter(isThis(path, mutant)))),
  )
  return known.filter((each) => !seen.has(each)).map(({ file, line }) => `${file}: ${line}`)
}
