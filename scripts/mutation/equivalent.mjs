/** Mutants that change no result, by the line that they change, each with the reason; the rest must be caught. */
const known = [
  {
    file: 'array/cumsum.ts',
    line: 'reverse(cumsumOp(reverse(x, axis), axis, exclusive), axis)',
    from: 'reverse(x, axis)',
    reason: 'runs on WebGPU alone; its tests there see it',
  },
  {
    file: 'array/extremum.wasm.ts',
    line: 'return sizes.every((size, axis) => size === shape[shape.length - sizes.length + axis])',
    from: '-',
    reason: 'nothing is recognised as a repetition then, and the values are spread out first',
  },
  {
    file: 'assembly/batch-norm.ts',
    line: 'const last = shareStart(all.chunks, part + 1, parts)',
    from: '1',
    reason: 'shares that overlap compute the same values twice',
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
    file: 'convolution/bias.wasm.ts',
    line: "activation === 'relu' ? 1 : 0",
    from: '1',
    reason: 'any number but 0 means ReLU',
  },
]

/** The reason why a mutant changes no result; undefined where it does. */
export function equivalent(path, { source, from }) {
  return known.find((each) => path.endsWith(each.file) && source.includes(each.line) && from === each.from)?.reason
}
