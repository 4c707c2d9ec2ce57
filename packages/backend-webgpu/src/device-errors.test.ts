import { add, conv2d, dispose, matMul, mul, ones, relu, tensor, tidy, zeros } from '@ddnet/ops'
import { startNullDevice } from '@ddnet/testing'
import { engine } from '@tensorflow/tfjs-core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeviceError, DeviceLost, type WebgpuBackend } from './index.ts'

interface Stock {
  readonly device: GPUDevice
  readonly pipelineCache: Record<string, unknown>
}
const stock = (): Stock => engine().backend as unknown as Stock

const thrownBy = async (run: () => unknown): Promise<Error> => {
  try {
    await run()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected an error, got none')
}

describe('an error of the device', () => {
  let backend: WebgpuBackend
  beforeEach(async () => {
    backend = await startNullDevice('gpu')
  })
  afterEach(() => backend.dispose())

  test('in a shader names the operator, in the next read, and every time that it is called', async () => {
    const { device } = stock()
    const { createShaderModule } = device
    device.createShaderModule = (descriptor) =>
      createShaderModule.call(device, { ...descriptor, code: `${descriptor.code}\nnonsense` })
    const x = tensor([1, 2])
    const y = relu(x)
    device.createShaderModule = createShaderModule
    const error = await thrownBy(() => y.data())
    expect(error).toBeInstanceOf(DeviceError)
    expect(error.message).toMatch(/^webgpu: the device refused Relu: .*nonsense.*Go on from a checkpoint/s)
    await mul(x, x).data() // it was told, and this does not come of it
    expect(await thrownBy(() => relu(x).data())).toBeInstanceOf(DeviceError)
  })

  test('that no read has told is told by the next operator', async () => {
    const { device } = stock()
    const { createShaderModule } = device
    device.createShaderModule = (descriptor) =>
      createShaderModule.call(device, { ...descriptor, code: `${descriptor.code}\nnonsense` })
    const x = tensor([1, 2])
    relu(x)
    device.createShaderModule = createShaderModule
    await device.queue.onSubmittedWorkDone()
    expect((await thrownBy(() => mul(x, x))).message).toMatch(/^webgpu: the device refused Relu: .*nonsense/s)
  })

  test('in a dispatch names the operator', async () => {
    const { device } = stock()
    const { createBindGroup } = device
    device.createBindGroup = (descriptor) => createBindGroup.call(device, { ...descriptor, entries: [] })
    const y = tidy(() => add(tensor([1, 2]), tensor([3, 4])))
    const error = await thrownBy(() => y.data())
    expect(error).toBeInstanceOf(DeviceError)
    expect(error.message).toMatch(/Add/)
  })

  test('for want of memory names the operator', async () => {
    // The device has 512 MB, and a product here 128.
    const [column, row] = [ones([2 ** 13, 1]), ones([1, 2 ** 12])]
    const products = Array.from({ length: 6 }, () => matMul(column, row))
    const error = await thrownBy(() => products[0]?.data())
    expect(error).toBeInstanceOf(DeviceError)
    expect(error.message).toMatch(/^webgpu: the device has no memory for BatchMatMul: Out of memory/)
  })

  test('for a tensor above its limits names the operator', async () => {
    const [column, row] = [ones([2 ** 14, 1]), ones([1, 2 ** 14])]
    const error = await thrownBy(() => matMul(column, row).data())
    expect(error).toBeInstanceOf(DeviceError)
    expect(error.message).toMatch(/^webgpu: the device refused BatchMatMul: .*1073741824/)
  })
})

describe('a lost device', () => {
  test('is told with the last operator by reads and operators, and webgpu() starts another', async () => {
    const first = await startNullDevice('gpu')
    const image = zeros([1, 4, 4, 1])
    const y = conv2d(image, ones([3, 3, 1, 1]))
    stock().device.destroy()
    const error = await thrownBy(() => y.data())
    expect(error).toBeInstanceOf(DeviceLost)
    expect(error.message).toMatch(
      /^webgpu: the device was lost \(destroyed\), .* the last operator was .*conv2d.*call webgpu\(\) again/s,
    )
    expect((await thrownBy(() => relu(image))).message).toBe(error.message)
    first.dispose()
    const second = await startNullDevice('gpu')
    const sum = tidy(() => add(tensor([1, 2]), tensor([3, 4])))
    expect((await sum.data()).length).toBe(2)
    dispose([image, y, sum]) // those of the lost device too
    second.dispose()
  })
})
