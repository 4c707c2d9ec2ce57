import { testTwentyThousand } from '@ddnet/testing'
import { mutatedNpy } from './mutated-npy.ts'

testTwentyThousand(mutatedNpy, { error: 'NpyError', leastRefused: 10_000 })
