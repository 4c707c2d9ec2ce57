/** Invocations of a workgroup in kernels that are divided among lanes. */
export const workgroupSize = 64

/**
 * WGSL that adds variables up over the lanes of a workgroup, in a fixed order, so that each lane has the totals. `lane`
 * is the invocation's own, and neighbouring lanes are `stride` invocations apart. One lane needs nothing and no barrier.
 *
 * @param lanes a power of 2
 * @returns `declarations` for the scope of the module, and the `code`, which all invocations must reach
 */
export function sumOverLanes(
  lanes: number,
  stride: number,
  sums: readonly string[],
  type: 'f32' | 'vec4<f32>' | 'i32',
): { declarations: string; code: string } {
  if (lanes === 1) return { declarations: '', code: '' }
  const each = (line: (sum: string) => string): string => sums.map(line).join(' ')
  const halves = Array.from({ length: Math.log2(lanes) }, (_, index) => lanes >> (index + 1))
  const steps = halves.map(
    (half) => `
  if (lane < ${half}) { ${each((sum) => `${sum}Lanes[local] += ${sum}Lanes[local + ${half * stride}];`)} }
  workgroupBarrier();`,
  )
  return {
    declarations: each((sum) => `var<workgroup> ${sum}Lanes : array<${type}, ${workgroupSize}>;`),
    code: `
  ${each((sum) => `${sum}Lanes[local] = ${sum};`)}
  workgroupBarrier();${steps.join('')}
  ${each((sum) => `${sum} = ${sum}Lanes[local - lane * ${stride}];`)}`,
  }
}

/** The smallest power of 2 that is at least `count`, at most `limit`. */
export const lanesFor = (count: number, limit: number): number =>
  Math.min(limit, 2 ** Math.ceil(Math.log2(Math.max(1, count))))
