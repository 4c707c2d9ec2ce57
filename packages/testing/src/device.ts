import type { Device } from '@ddnet/backend-node'

/**
 * Where the backend `tensorflow` is tested: `DDNET_TEST_DEVICE=cuda:0` makes it a GPU, else it is the CPU.
 *
 * On a GPU it sets, unless they are set, what TensorFlow leaves to the environment and the tests rely on: that float32 is
 * float32 (GPUs since Ampere round the inputs of convolutions and matrix products to TF32's 10 bits), and that the same
 * steps give the same bits. Both are read when TensorFlow loads.
 */
export function testDevice(environment: Record<string, string | undefined> = process.env): Device {
  const device = environment['DDNET_TEST_DEVICE'] || 'cpu'
  if (device !== 'cpu') {
    environment['NVIDIA_TF32_OVERRIDE'] ??= '0'
    environment['TF_DETERMINISTIC_OPS'] ??= '1'
  }
  return device as Device // of another the backend says what is wrong
}
