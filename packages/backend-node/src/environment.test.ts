import { expect, test } from 'vitest'
import { type Device, loadEnvironment, withEnvironment } from './environment.ts'

const visible = (device: Device, given?: string) =>
  loadEnvironment(device, true, { CUDA_VISIBLE_DEVICES: given }).CUDA_VISIBLE_DEVICES

test.each<[Device, string | undefined, string]>([
  ['cpu', undefined, '-1'],
  ['cpu', '0,1', '-1'],
  ['auto', undefined, '0'],
  ['auto', '2,3', '2'],
  ['auto', 'GPU-5ebe9b1c, 3', 'GPU-5ebe9b1c'],
  ['auto', '', '-1'],
  ['auto', '-1', '-1'],
  ['cuda:1', undefined, '1'],
  ['cuda:1', '2,3', '3'],
])('device %s where CUDA_VISIBLE_DEVICES is %s shows TensorFlow GPU %s', (device, given, shown) => {
  expect(visible(device, given)).toBe(shown)
})

test.each<[Device, string, RegExp]>([
  ['cuda:2', '2,3', /cuda:2 is hidden: CUDA_VISIBLE_DEVICES='2,3' shows 2 GPU/],
  ['cuda:1', '0,-1,1', /shows 1 GPU/],
  ['cuda:0', '', /shows 0 GPU/],
  ['gpu' as Device, '0', /expected device 'auto', 'cpu' or 'cuda:N', got 'gpu'/],
])('device %s where CUDA_VISIBLE_DEVICES is %s is an error', (device, given, message) => {
  expect(() => visible(device, given)).toThrow(message)
})

test('memory growth is on unless it is turned off, whatever the environment says', () => {
  const given = { TF_FORCE_GPU_ALLOW_GROWTH: 'false' }
  expect(loadEnvironment('auto', true, given).TF_FORCE_GPU_ALLOW_GROWTH).toBe('true')
  expect(loadEnvironment('auto', false, {}).TF_FORCE_GPU_ALLOW_GROWTH).toBe('false')
})

test("TensorFlow's log is quiet unless the user set its level", () => {
  expect(loadEnvironment('cpu', true, {}).TF_CPP_MIN_LOG_LEVEL).toBe('2')
  expect(loadEnvironment('cpu', true, { TF_CPP_MIN_LOG_LEVEL: '0' }).TF_CPP_MIN_LOG_LEVEL).toBe('0')
})

test.skipIf(process.arch !== 'x64')('oneDNN is on unless the user says otherwise (on x86)', () => {
  expect(loadEnvironment('cpu', true, {}).TF_ENABLE_ONEDNN_OPTS).toBe('1')
  expect(loadEnvironment('cpu', true, { TF_ENABLE_ONEDNN_OPTS: '0' }).TF_ENABLE_ONEDNN_OPTS).toBe('0')
})

test('the environment is put back, also after an error', () => {
  process.env['DDNET_TEST_A'] = 'before'
  const variables = { DDNET_TEST_A: 'during', DDNET_TEST_B: 'during' }
  expect(() =>
    withEnvironment(variables, () => {
      expect(process.env).toMatchObject(variables)
      throw new Error('inside')
    }),
  ).toThrow('inside')
  expect(process.env['DDNET_TEST_A']).toBe('before')
  expect(process.env).not.toHaveProperty('DDNET_TEST_B')
  delete process.env['DDNET_TEST_A']
})
