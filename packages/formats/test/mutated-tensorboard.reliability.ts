import { testTwentyThousand } from '@ddnet/testing'
import { mutatedTensorBoard } from './mutated-tensorboard.ts'

testTwentyThousand(mutatedTensorBoard, { error: 'TensorBoardError', leastRefused: 4_000 })
