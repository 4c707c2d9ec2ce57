import type { Converters } from '../converter.ts'
import { arrayConverters } from './array.ts'
import { convolutionConverters } from './convolution.ts'
import { elementwiseConverters } from './elementwise.ts'
import { normalizationConverters } from './normalization.ts'
import { poolingConverters } from './pooling.ts'
import { reductionConverters } from './reduction.ts'
import { resamplingConverters } from './resampling.ts'

/** The operators that have nodes of their own, by the names of their kernels. Others are exported as what they are composed of. */
export const converters: Converters = {
  ...elementwiseConverters,
  ...arrayConverters,
  ...reductionConverters,
  ...convolutionConverters,
  ...poolingConverters,
  ...normalizationConverters,
  ...resamplingConverters,
}
