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
]

/** The reason why a mutant changes no result; undefined where it does. */
export function equivalent(path, { source, from }) {
  return known.find((each) => path.endsWith(each.file) && source.includes(each.line) && from === each.from)?.reason
}
