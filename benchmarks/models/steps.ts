import { crossEntropy } from '../../packages/losses/src/index.ts'
import { GPT, ResNet, UNet } from '../../packages/models/src/index.ts'
import { observeKernels } from '../../packages/ops/src/kernels.ts'
import { numbers, trainingStep, waves } from '../wasm/step.ts'

/** Networks of three kinds, and what a step of each is trained on; model_step.py has the same. */
const steps: Readonly<Record<string, (batch: number) => () => number>> = {
  resnet18(batch) {
    const [images, labels] = [waves([batch, 64, 64, 3]), numbers([batch], 1000)]
    return trainingStep(new ResNet({ depth: 18 }), (model) => crossEntropy(model.forward(images), labels).mean)
  },
  unet(batch) {
    const [images, masks] = [waves([batch, 64, 64, 3]), numbers([batch, 64, 64], 4)]
    const model = new UNet({ classes: 4, channels: [32, 64, 128, 256] })
    return trainingStep(model, (model) => crossEntropy(model.forward(images), masks).mean)
  },
  gpt(batch) {
    const [tokens, following] = [numbers([batch, 128], 256), numbers([batch, 128], 256)]
    const model = new GPT({ vocabulary: 256, context: 128, width: 256, heads: 8, layers: 6, dropout: 0 })
    return trainingStep(model, (model) => crossEntropy(model.forward(tokens), following).mean)
  },
}

export function modelStep(name: string, batch: number): () => number {
  const step = steps[name]
  if (step === undefined) throw new RangeError(`models: expected one of ${Object.keys(steps).join(', ')}, got ${name}.`)
  return step(batch)
}

/** The milliseconds that each kernel takes of a step by itself, without the kernels that it is composed of, the longest first: means. */
export function profileStep(
  step: () => number,
  count: number,
): [kernel: string, milliseconds: number, calls: number][] {
  const totals = new Map<string, { milliseconds: number; calls: number }>()
  const inside: number[] = [] // the time in kernels of those that are under way
  const stop = observeKernels(({ kernelName }) => {
    inside.push(0)
    const began = performance.now()
    return () => {
      const took = performance.now() - began
      const own = took - (inside.pop() ?? 0)
      const outer = inside.length - 1
      if (outer >= 0) inside[outer] = (inside[outer] ?? 0) + took
      const { milliseconds, calls } = totals.get(kernelName) ?? { milliseconds: 0, calls: 0 }
      totals.set(kernelName, { milliseconds: milliseconds + own, calls: calls + 1 })
    }
  })
  for (let done = 0; done < count; done++) step()
  stop()
  return [...totals]
    .map(([kernel, { milliseconds, calls }]): [string, number, number] => [kernel, milliseconds / count, calls / count])
    .sort(([, a], [, b]) => b - a)
}
