import type { Tensor } from '@ddnet/ops'

export function squareplus(x: Tensor, b: Tensor): Tensor
export function registerKernels(): void
