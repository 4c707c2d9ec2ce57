import type { KernelConfig, Tensor1D, Tensor2D, TensorInfo } from '@tensorflow/tfjs-core'
import { type Gpu, webgpuKernel } from '../kernels/webgpu-kernel.ts'
import { workgroupSize } from '../kernels/webgpu-lanes.ts'
import { softmaxOfRows } from '../kernels/webgpu-rows.ts'
import type { CrossEntropyAttributes } from './cross-entropy-op.ts'

type Inputs = { logits: Tensor2D; labels: Tensor1D; classWeights: Tensor1D }

export const crossEntropyWebgpu: KernelConfig = webgpuKernel<Inputs, CrossEntropyAttributes>(
  'softmaxCrossEntropy',
  (inputs, attributes, gpu) => {
    const [losses, weights] = [gpu.output(inputs.labels.shape), gpu.output(inputs.labels.shape)] as const
    run(gpu, 'softmaxCrossEntropy', inputs, attributes, {
      writes: { losses, weights },
      smooth: attributes.labelSmoothing > 0,
      // Chosen, not multiplied: 0 · −∞ of an impossible class would be NaN.
      code: (smooth) => /* wgsl */ `
  ${
    smooth
      ? `var part = 0.0;
  for (var c = lane; c < classes; c += lanes) { part += classWeights[c] * (peak - logits[first + c] + logarithm); }
  let others = total(lane, part);`
      : ''
  }
  if (lane > 0) { return; }
  let known = label >= 0 && label < classes;
  let ignored = label == uniforms.ignoreIndex;
  var loss = select(uniforms.nan, 0.0, ignored);
  var weight = 0.0;
  if (known && !ignored) {
    weight = classWeights[label];
    loss = ${smooth ? '(1.0 - uniforms.smoothing) * ' : ''}weight * (peak - logits[first + label] + logarithm)${
      smooth ? ' + uniforms.smoothing / f32(classes) * others' : ''
    };
    if (isBroken) { loss = uniforms.nan; }
  }
  losses[row] = loss;
  weights[row] = weight;`,
    })
    return [losses, weights]
  },
)

export const crossEntropyGradientWebgpu: KernelConfig = webgpuKernel<
  Inputs & { dlosses: Tensor1D },
  CrossEntropyAttributes
>('softmaxCrossEntropyGradient', ({ dlosses, ...inputs }, attributes, gpu) => {
  const gradient = gpu.output(inputs.logits.shape)
  run(gpu, 'softmaxCrossEntropyGradient', inputs, attributes, {
    reads: { dlosses },
    writes: { gradient },
    smooth: attributes.labelSmoothing > 0,
    code: (smooth) => /* wgsl */ `
  let counts = label >= 0 && label < classes && label != uniforms.ignoreIndex;
  let hard = select(0.0, ${smooth ? '1.0 - uniforms.smoothing' : '1.0'}, counts);
  let labelWeight = classWeights[clamp(label, 0, classes - 1)];
  ${
    smooth
      ? `let spread = select(0.0, uniforms.smoothing / f32(classes), counts);
  var part = 0.0;
  for (var c = lane; c < classes; c += lanes) { part += classWeights[c]; }
  let whole = hard * labelWeight + spread * total(lane, part);`
      : 'let whole = hard * labelWeight;'
  }
  // Chosen: where all labels are ignored the loss was divided by 0, and ∞ · 0 is NaN.
  let scale = select(0.0, select(dlosses[row], uniforms.nan, isBroken), counts);
  for (var c = lane; c < classes; c += lanes) {
    let p = exp(logits[first + c] - peak - logarithm);
    let goal = ${smooth ? 'classWeights[c] * spread + ' : ''}select(0.0, hard * labelWeight, c == label);
    gradient[first + c] = scale * (p * whole - goal);
  }`,
  })
  return gradient
})

interface Pass {
  readonly reads?: Readonly<Record<string, TensorInfo>>
  readonly writes: Readonly<Record<string, TensorInfo>>
  /** Whether the target is mixed with the uniform distribution. */
  readonly smooth: boolean
  /** What a row's invocations do, once its `peak` (the largest logit) and `logarithm` of `Σ exp(x − peak)` are known; `isBroken` if it is no number. */
  readonly code: (smooth: boolean) => string
}

/**
 * One dispatch over all rows. A row of few classes is one invocation's; one of many is shared by a workgroup, which adds
 * up in workgroup memory. The labels were not checked: that would mean to wait for the device.
 */
function run(
  gpu: Gpu,
  label: string,
  { logits, labels, classWeights }: Inputs,
  { labelSmoothing, ignoreIndex }: CrossEntropyAttributes,
  { reads = {}, writes, smooth, code }: Pass,
): void {
  const [rows, classes] = logits.shape
  const lanes = gpu.variant === 'gpu' && classes >= workgroupSize ? workgroupSize : 1
  const floats = (tensors: Readonly<Record<string, TensorInfo>>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, [tensor, 'f32'] as const]))
  gpu.run({
    label: lanes === 1 ? label : `${label} of a workgroup`,
    variant: smooth ? 'smooth' : 'hard',
    reads: { ...floats({ logits, classWeights, ...reads }), labels: [labels, 'i32'] },
    writes: floats(writes),
    uniforms: { rows, classes, ignoreIndex },
    // WGSL has no constants of these.
    floats: { smoothing: labelSmoothing, nan: Number.NaN, infinity: Number.POSITIVE_INFINITY },
    workgroupSize,
    workgroups: Math.ceil((rows * lanes) / workgroupSize),
    // A row with an infinite logit has no softmax either.
    code: () => /* wgsl */ `${softmaxOfRows(lanes, 'classes')}
  let classes = uniforms.classes;
  let label = labels[row];
  let logarithm = log(sum);
${code(smooth)}
}`,
  })
}
