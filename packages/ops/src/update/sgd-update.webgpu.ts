import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { type UpdateRule, updateAll } from './packed-update.webgpu.ts'
import type { SgdAttributes } from './sgd-update.ts'

export const sgdUpdatesWebgpu: KernelConfig = webgpuKernel<Record<string, Tensor>, SgdAttributes>(
  'sgdUpdates',
  (inputs, attributes, gpu) => {
    const tensors = Object.values(inputs)
    const each = attributes.momentum === 0 ? 2 : 3
    const all = Array.from({ length: tensors.length / each }, (_, index) => {
      const own = tensors.slice(each * index, each * (index + 1))
      const [parameter, gradient] = tuple(own, 2)
      return { slots: [parameter, ...own.slice(2)], gradient }
    })
    return updateAll(all, attributes.momentum === 0 ? plain(attributes) : withMomentum(attributes), gpu).flat()
  },
)

const plain = ({ learningRate, weightDecay }: SgdAttributes): UpdateRule => ({
  label: 'sgdUpdates',
  slots: ['parameter'],
  floats: { learningRate, weightDecay },
  code: /* wgsl */ `
fn update(old : Slots, gradient : f32) -> Slots {
  return Slots(old.parameter - uniforms.learningRate * (gradient + uniforms.weightDecay * old.parameter));
}`,
})

const withMomentum = ({
  learningRate,
  momentum,
  dampening,
  nesterov,
  weightDecay,
  step,
}: SgdAttributes): UpdateRule => ({
  label: 'sgdUpdates',
  slots: ['parameter', 'velocity'],
  floats: {
    learningRate,
    weightDecay,
    kept: step === 1 ? 0 : momentum,
    taken: step === 1 ? 1 : 1 - dampening,
    ofGradient: nesterov ? 1 : 0,
    ofVelocity: nesterov ? momentum : 1,
  },
  code: /* wgsl */ `
fn update(old : Slots, gradient : f32) -> Slots {
  let g = gradient + uniforms.weightDecay * old.parameter;
  let u = uniforms.kept * old.velocity + uniforms.taken * g;
  let change = uniforms.learningRate * (uniforms.ofGradient * g + uniforms.ofVelocity * u);
  return Slots(old.parameter - change, u);
}`,
})
