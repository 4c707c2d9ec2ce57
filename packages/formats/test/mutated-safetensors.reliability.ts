import { testTwentyThousand } from '@ddnet/testing'
import { mutatedSafetensors } from './mutated-safetensors.ts'

testTwentyThousand(mutatedSafetensors, { error: 'SafetensorsError', leastRefused: 10_000 })
