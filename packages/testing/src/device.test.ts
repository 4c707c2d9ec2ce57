import { describeBackends } from '@ddnet/testing'
import { expect, test } from 'vitest'
import { testDevice } from './device.ts'

test('TensorFlow is tested on the CPU', () => {
  const environment = {}
  expect(testDevice(environment)).toBe('cpu')
  expect(testDevice({ DDNET_TEST_DEVICE: '' })).toBe('cpu')
  expect(environment).toEqual({})
})

test('DDNET_TEST_DEVICE names a GPU, whose arithmetic is then float32 and repeatable', () => {
  const environment = { DDNET_TEST_DEVICE: 'cuda:1' }
  expect(testDevice(environment)).toBe('cuda:1')
  expect(environment).toMatchObject({ NVIDIA_TF32_OVERRIDE: '0', TF_DETERMINISTIC_OPS: '1' })
})

test('what the user has set stays', () => {
  const environment = { DDNET_TEST_DEVICE: 'cuda:0', NVIDIA_TF32_OVERRIDE: '1' }
  testDevice(environment)
  expect(environment.NVIDIA_TF32_OVERRIDE).toBe('1')
})

describeBackends('a device that is none', () => {
  test('is refused by the backend', async () => {
    const { tensorflow } = await import('@ddnet/backend-node')
    const device = testDevice({ DDNET_TEST_DEVICE: 'gpu' })
    await expect(tensorflow({ device })).rejects.toThrow("expected device 'auto', 'cpu' or 'cuda:N', got 'gpu'")
  })
}, ['tensorflow'])
