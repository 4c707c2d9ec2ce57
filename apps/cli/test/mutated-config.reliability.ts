import { testTwentyThousand } from '@ddnet/testing'
import { mutatedConfig } from './mutated-config.ts'

testTwentyThousand(mutatedConfig, { error: 'UsageError', leastRefused: 5_000 })
