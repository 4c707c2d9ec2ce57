import { type Module, observe } from '@ddnet/layers'
import { clone, dispose, keep, type Tensor, toHost } from '@ddnet/ops'
import type { Trouble } from './learner.ts'
import type { Tensors } from './task.ts'

/**
 * Looks for the first thing of a step that is not finite: a weight before it, then the batch, then the output of each
 * module in the order in which they finish.
 *
 * @param replay runs the step's forward pass again
 */
export async function findTrouble(model: Module, batch: Tensors, replay: () => void): Promise<Trouble> {
  // Gradients go from the loss backward, so the last of them is the first that went wrong.
  for (const [name, { value }] of [...model.parameters()].reverse()) {
    if (await finite(value)) continue
    const dot = name.lastIndexOf('.')
    return {
      what: `the weights '${name}', since the update before`,
      layer: dot < 0 ? model.constructor.name : name.slice(0, dot),
    }
  }
  for (const [name, tensor] of Object.entries(batch)) {
    if (tensor.dtype === 'float32' && !(await finite(tensor))) {
      return { what: `the batch's '${name}', as the loader gave it`, layer: undefined }
    }
  }
  const outputs = observeOutputs(model, replay)
  try {
    for (const { path, output } of outputs) {
      if (!(await finite(output))) return { what: `the output of layer '${path}'`, layer: path }
    }
  } finally {
    dispose(outputs.map(({ output }) => output))
  }
  return { what: undefined, layer: undefined }
}

async function finite(tensor: Tensor): Promise<boolean> {
  const { data } = await toHost(tensor)
  return Array.prototype.every.call(data, Number.isFinite)
}

/** The outputs of all modules inside `model` while `run` runs; inner modules come before the outer ones. */
function observeOutputs(model: Module, run: () => void): { path: string; output: Tensor }[] {
  const outputs: { path: string; output: Tensor }[] = []
  try {
    observe(model, run, ({ path, output }) => {
      if (path !== '') outputs.push({ path, output: keep(clone(output as Tensor)) })
    })
    return outputs
  } catch (error) {
    dispose(outputs.map(({ output }) => output))
    throw error
  }
}
