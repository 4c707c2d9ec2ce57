import { testTwentyThousand } from '@ddnet/testing'
import { mutatedFiles } from './mutated-files.ts'

testTwentyThousand(mutatedFiles, { error: 'DatasetError', leastRefused: 2_000 })
