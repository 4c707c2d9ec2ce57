import { classification as classificationTask } from '@ddnet/tasks'
import { z } from 'zod'
import type { Given, TaskDefinition } from '../definitions.ts'
import { belowOne } from '../settings/setting.ts'

export interface ClassificationSettings {
  readonly labelSmoothing: number
}

/** Which class each image is of. */
export const classification: TaskDefinition<'classification', Given<ClassificationSettings>, ClassificationSettings> = {
  kind: 'task',
  name: 'classification',
  options: z.strictObject({
    labelSmoothing: belowOne(
      0,
      'Share of the target that goes to all classes evenly; in training and its validations, never in eval',
      0.1,
    ),
  }),
  metrics: ['accuracy'],
  create(loss, { classNames }) {
    if (classNames !== undefined) return classificationTask({ classes: classNames, loss })
    throw new Error('task=classification needs data with classes: facts.classNames. Take other data, or another task.')
  },
}
