import { openPass } from '@ddnet/layers'
import { mse } from '@ddnet/losses'
import { meanAbsoluteError } from '@ddnet/metrics'
import { reshape, tidy } from '@ddnet/ops'
import { pictureTable } from '@ddnet/visuals'
import { defineTask, z } from 'ddnet'

/** The radius of what is in the image, from images `[batch, height, width, channels]` and radii `[batch]`. */
const radiusTask = {
  kind: 'task',
  name: 'radius',
  fields: { image: 'image', radius: 'array' },
  outputs: 1, // of the model
  monitor: 'error',
  scores: { loss: score('loss'), error: score('error') },
  step: measure, // in training
  evaluate: measure, // of the finished model
  async predict(model, { image }) {
    const found = tidy(() => openPass({ training: false, root: model }, () => radiiOf(model, image)))
    const radii = await found.data().finally(() => found.dispose())
    return Array.from(radii, (radius) => ({ radius }))
  },
  // What terminal, files and page show.
  views: {
    line: inWords,
    json: ({ radius }) => ({ radius }),
    rows: ({ radius }) => [{ radius }],
    picture,
    report: ({ loss, error }) => ({ headline: `mean absolute error ${error.toPrecision(3)}`, json: { loss, error } }),
    page: (_, samples) =>
      samples.length === 0 ? {} : { pictures: [{ title: 'Predictions', picture: picture(samples) }] },
  },
}

const radiiOf = (model, image) => reshape(model.forward(image), [-1])

function measure({ image, radius }, { model }) {
  const found = radiiOf(model, image)
  return { loss: mse(found, radius), metrics: { error: meanAbsoluteError(found, radius) } }
}

function score(title) {
  return { title, short: title, better: 'lower', format: (value) => value.toPrecision(3) }
}

function inWords({ radius }) {
  return `radius ${radius.toFixed(2)}`
}

function picture(samples, options) {
  return pictureTable(
    samples.map(({ image, prediction }) => ({ label: inWords(prediction), pictures: [image] })),
    options,
  )
}

/** `task=./task.mjs` */
export default defineTask({
  name: 'radius',
  options: z.strictObject({}),
  metrics: ['error'],
  create: () => radiusTask,
})
