import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { runChild } from './child.ts'

/** Of each setting; every run has other shapes. */
const count = 1000
// Other shapes every time; DDNET_SEED repeats some.
const seed = Number(process.env['DDNET_SEED'] ?? Date.now() % 2 ** 31)

// oneDNN has other kernels for every generation of processors; a newer one can run those of the older ones.
const generations = ['SSE41', 'AVX', 'AVX2', 'AVX512_CORE', 'DEFAULT']

describeBackends(`${count} convolutions, poolings and norms, beside float64 (DDNET_SEED=${seed}),`, () => {
  test.each([['0', 'DEFAULT'], ...generations.map((each) => ['1', each])])(
    'are right with TF_ENABLE_ONEDNN_OPTS=%s on processors of up to %s',
    (oneDnn, generation) => {
      const variables = { TF_ENABLE_ONEDNN_OPTS: oneDnn, ONEDNN_MAX_CPU_ISA: generation }
      const { status, signal, stdout, stderr } = runChild('./sweep.ts', [`${count}`, `${seed}`], variables)
      expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
      expect(JSON.parse(stdout)).toEqual({ count, faults: [] })
    },
  )
}, ['tensorflow'])
