import { describeOp } from '@ddnet/testing'
import { cos, erf, expm1, log1p, sin } from './transcendental.ts'

for (const [name, run] of Object.entries({ log1p, expm1, sin, cos, erf })) {
  describeOp(name, { inputs: ['x'], run: ({ x }) => run(x) })
}
