import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wasm } from '@ddnet/backend-wasm'
import { init } from '@ddnet/layers'
import { random } from '@ddnet/ops'
import { Network } from './model.js'
import { classNames, shapes } from './shapes.js'
import { train } from './train.js'

test('the network learns the shapes, which by chance it would know one of three of', async () => {
  const backend = await wasm()
  const key = random.key(1)
  const model = init(new Network({ classes: classNames.length }), key.fold('model'))
  const data = {
    train: shapes(300, key.fold('train')),
    validation: shapes(60, key.fold('validation')),
    test: shapes(90, key.fold('test')),
  }
  const { accuracy } = await train(model, { ...data, epochs: 8, key })
  assert.ok(accuracy > 0.7, `accuracy is ${accuracy}`)
  model.dispose()
  backend.dispose()
})
