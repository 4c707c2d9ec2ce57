export { entryOf, itemAt, lastItem, tuple } from '@ddnet/ops/checks'
export { allBackends, type BackendName, describeBackends, missing, present, useBackend } from './backends.ts'
export { expectClose, expectShapeError, expectTensorClose } from './close-to.ts'
export { defined } from './defined.ts'
export { describeOp, type OpChecks } from './describe-op.ts'
export { testDevice } from './device.ts'
export {
  type FixtureCase,
  type FixtureTensor,
  fixtureUrl,
  jsonFixture,
  operatorFixtures,
  readTensors,
  torchState,
  upload,
} from './fixtures.ts'
export { floats, floatsOf } from './floats.ts'
export { missingDisk } from './missing-disk.ts'
export { readMutations } from './mutate.ts'
export { startNullDevice } from './null-device.ts'
export { type OptionPairs, optionPairs } from './option-pairs.ts'
export { keepForPage, pageRows } from './page-tables.ts'
export { readPoisoned } from './poison.ts'
export { portOf } from './port-of.ts'
export { putVariantBack } from './put-variant-back.ts'
export { recordFigures } from './record-figures.ts'
export { testTwentyThousand } from './twenty-thousand.ts'
export { readWrongJson } from './wrong-json.ts'
