import { testTwentyThousand } from '@ddnet/testing'
import { mutatedPyTorch } from './mutated-pytorch.ts'

testTwentyThousand(mutatedPyTorch, { error: 'PyTorchError', leastRefused: 5_000 })
