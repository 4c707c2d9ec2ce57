export { checkOp, type OpCheck } from './testing/check-op.ts'
export { expectDifferences, type Numbers } from './testing/differences.ts'
