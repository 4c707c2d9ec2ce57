import { wasm } from '@ddnet/backend-wasm'
import { init } from '@ddnet/layers'
import { random } from '@ddnet/ops'
import { checkpoint } from '@ddnet/trainer'
import { Network } from './model.js'
import { classNames, shapes } from './shapes.js'
import { train } from './train.js'

const backend = await wasm() // or webgpu() of @ddnet/backend-webgpu, tensorflow() of @ddnet/backend-node
console.log(`training on ${backend.device}`)

const key = random.key(42)
const model = init(new Network({ classes: classNames.length }), key.fold('model'))
const { accuracy } = await train(model, {
  train: shapes(600, key.fold('train')),
  validation: shapes(150, key.fold('validation')),
  test: shapes(150, key.fold('test')),
  epochs: 4,
  key,
  callbacks: [
    {
      onValidation: ({ epoch, train, validation }) =>
        console.log(
          `epoch ${epoch}: train loss ${train.loss.toFixed(3)}, validation accuracy ${(100 * Number(validation.accuracy)).toFixed(1)}%`,
        ),
    },
    checkpoint({ directory: 'checkpoints' }),
  ],
})
console.log(`test accuracy ${(100 * accuracy).toFixed(1)}%`)
console.log('saved in checkpoints/last, and the best in checkpoints/best')
backend.dispose()
