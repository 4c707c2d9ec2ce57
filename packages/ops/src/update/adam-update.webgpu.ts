import type { KernelConfig, Tensor } from '@tensorflow/tfjs-core'
import { tuple } from '../checks/item.ts'
import { webgpuKernel } from '../kernels/webgpu-kernel.ts'
import type { AdamAttributes, AdamInputs } from './adam-update.ts'
import { type UpdateRule, updateAll } from './packed-update.webgpu.ts'

function ruleOf(
  label: string,
  { learningRate, beta1, beta2, eps, weightDecay, decoupled, step }: AdamAttributes,
): UpdateRule {
  return {
    label,
    slots: ['parameter', 'm', 'v'],
    floats: {
      beta1,
      rest1: 1 - beta1,
      beta2,
      rest2: 1 - beta2,
      rate: learningRate / (1 - beta1 ** step),
      correction: 1 / Math.sqrt(1 - beta2 ** step),
      eps,
      coupledDecay: decoupled ? 0 : weightDecay,
      kept: decoupled ? 1 - learningRate * weightDecay : 1,
    },
    code: /* wgsl */ `
fn update(old : Slots, gradient : f32) -> Slots {
  let g = gradient + uniforms.coupledDecay * old.parameter;
  let m = uniforms.beta1 * old.m + uniforms.rest1 * g;
  let v = uniforms.beta2 * old.v + uniforms.rest2 * g * g;
  let change = uniforms.rate * m / (sqrt(v) * uniforms.correction + uniforms.eps);
  return Slots(uniforms.kept * old.parameter - change, m, v);
}`,
  }
}

export const adamUpdateWebgpu: KernelConfig = webgpuKernel<AdamInputs, AdamAttributes>(
  'adamUpdate',
  ({ parameter, gradient, m, v }, attributes, gpu) =>
    updateAll([{ slots: [parameter, m, v], gradient }], ruleOf('adamUpdate', attributes), gpu).flat(),
)

export const adamUpdatesWebgpu: KernelConfig = webgpuKernel<Record<string, Tensor>, AdamAttributes>(
  'adamUpdates',
  (inputs, attributes, gpu) => {
    const tensors = Object.values(inputs)
    const all = Array.from({ length: tensors.length / 4 }, (_, index) => {
      const [parameter, gradient, m, v] = tuple(tensors.slice(4 * index), 4)
      return { slots: [parameter, m, v], gradient }
    })
    return updateAll(all, ruleOf('adamUpdates', attributes), gpu).flat()
  },
)
