import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { runChild } from './child.ts'

/** `pnpm reliability` draws ten times as many. */
const count = 400

describeBackends('convolutions, poolings and norms of many shapes, beside float64,', () => {
  test.each(['0', '1'])('are right with TF_ENABLE_ONEDNN_OPTS=%s', (oneDnn) => {
    const { status, signal, stdout, stderr } = runChild('./sweep.ts', [`${count}`, '1'], {
      TF_ENABLE_ONEDNN_OPTS: oneDnn,
    })
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ count, faults: [] })
  })
}, ['tensorflow'])
