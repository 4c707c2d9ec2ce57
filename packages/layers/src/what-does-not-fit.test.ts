import { ones, random, ShapeError, zeros } from '@ddnet/ops'
import { useBackend } from '@ddnet/testing'
import { beforeAll, expect, test } from 'vitest'
import { BlurPool2d } from './blur-pool2d.ts'
import { ConvTranspose1d } from './conv-transpose1d.ts'
import { Conv1d } from './conv1d.ts'
import { Conv2d } from './conv2d.ts'
import { GroupNorm } from './group-norm.ts'
import { init } from './init.ts'
import { MaxUnpool2d } from './max-unpool2d.ts'
import { AdaptiveAvgPool1d } from './pooling.ts'
import { Residual } from './residual.ts'

beforeAll(() => useBackend('cpu'))
const key = random.key(1)

test.each([
  [
    () => new Conv2d(4, 6, { kernelSize: 3, groups: 4 }),
    'Conv2d: expected groups to divide the channels (4 in, 6 out), got 4.',
  ],
  [
    () => new Conv1d(4, 6, { kernelSize: 3, groups: 0 }),
    'Conv1d: expected groups to divide the channels (4 in, 6 out), got 0.',
  ],
  [
    () => new ConvTranspose1d(3, 6, { kernelSize: 3, groups: 2 }),
    'ConvTranspose1d: expected groups to divide the channels',
  ],
  [() => new GroupNorm(3, 8), 'GroupNorm: expected groups to divide the 8 channels, got 3.'],
  [
    () => new BlurPool2d({ kernelSize: 1 }),
    'BlurPool2d: expected a kernelSize of at least 2 and a stride of at least 1, got 1 and 2.',
  ],
] as const)('a layer that cannot be is refused where it is made: %#', (make, message) => {
  expect(make).toThrow(RangeError)
  expect(make).toThrow(message)
})

test.each([
  [
    () => init(new Conv2d(2, 2, { kernelSize: 3, padding: 1, paddingMode: 'reflect' }), key).forward(ones([4, 4, 2])),
    'Conv2d: expected x of 4 axes, the channels last, got [4,4,2].',
  ],
  [
    () => new BlurPool2d().forward(ones([4, 4, 2])),
    'BlurPool2d: expected x [batch, height, width, channels], got [4,4,2].',
  ],
  [
    () => new AdaptiveAvgPool1d(2).forward(ones([2, 4, 4, 2])),
    'AdaptiveAvgPool1d: expected x [batch, length, channels], got [2,4,4,2].',
  ],
  [
    () => new MaxUnpool2d({ kernelSize: 2 }).forward(ones([1, 2, 2, 1]), zeros([1, 2, 2, 1]), [6, 4]),
    'MaxUnpool2d: expected an outputSize less than the stride [2,2] from [4,4], got [6,4]. Give height and width of what was pooled.',
  ],
  [
    () => init(new Residual(new Conv2d(2, 3, { kernelSize: 1 })), key).forward(ones([1, 2, 2, 2])),
    'Residual: expected the body to give [1,2,2,2], as the way around it, got [1,2,2,3]. Give it a shortcut',
  ],
] as const)('an input that does not fit is said by the layer: %#', (run, message) => {
  expect(run).toThrow(ShapeError)
  expect(run).toThrow(message)
})
