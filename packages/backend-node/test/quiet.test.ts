import { describeBackends, entryOf } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { runChild } from './child.ts'

describeBackends("TensorFlow's start and a training", () => {
  const train = (variables: Record<string, string | undefined>) =>
    runChild('../src/install/training-check.ts', [entryOf(process.env, 'DDNET_TENSORFLOW_ADDON'), 'cpu'], variables)

  test.each([undefined, '0', '1'])('write nothing but their result, with TF_ENABLE_ONEDNN_OPTS=%s', (oneDnn) => {
    const { status, stdout, stderr } = train({ TF_ENABLE_ONEDNN_OPTS: oneDnn, TF_CPP_MIN_LOG_LEVEL: undefined })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(Object.keys(JSON.parse(stdout))).toEqual(['version', 'device', 'losses'])
  })

  test('write what TF_CPP_MIN_LOG_LEVEL asks for', () => {
    const { stderr } = train({ TF_ENABLE_ONEDNN_OPTS: '1', TF_CPP_MIN_LOG_LEVEL: '0' })
    expect(stderr).toContain('This TensorFlow binary is optimized to use available CPU instructions')
  })
}, ['tensorflow'])
