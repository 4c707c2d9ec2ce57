/** Pixels that one invocation computes. */
export const tilePixels = 8

/** Blocks of four channels that one invocation computes, of `blocks` there are. */
export const tileBlocks = (blocks: number): number => [4, 2].find((count) => blocks % count === 0) ?? 1

export const workgroupSize = 16

/** The dispatch for that many invocations. */
export const dispatchFor = (invocations: number): [number, number, number] => [
  Math.ceil(invocations / workgroupSize),
  1,
  1,
]

/**
 * Repeats a piece of a shader with 0, 1, … in the place of `name`, so that each repetition has variables of its own,
 * which stay in registers where an array would not.
 */
export const unroll = (name: 'PIXEL' | 'BLOCK', count: number, code: string): string =>
  Array.from({ length: count }, (_, index) => code.replaceAll(name, String(index))).join('\n')
