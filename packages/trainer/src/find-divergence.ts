import { type Module, observe } from '@ddnet/layers'
import { clone, dispose, keep, type Tensor, toHost } from '@ddnet/ops'
import { isTensor } from './batch.ts'
import type { Models } from './step.ts'

/** Where a step was not finite first. */
export interface Divergence {
  /** `the output of layer 'decoder.1.norm'`; undefined where all is finite but the loss. */
  readonly what: string | undefined
  /** The module's path, where it is one. */
  readonly layer: string | undefined
}

/**
 * Looks for the first thing of a step that is not finite: a weight before it, then the batch, then the output of each
 * module in the order in which they finish.
 *
 * @param models by the names that begin their paths; the only one of a trainer of one model is ''
 * @param replay runs the step's forward pass again
 */
export async function findDivergence(models: Models, batch: unknown, replay: () => void): Promise<Divergence> {
  const parameters = Object.entries(models).flatMap(([root, model]) =>
    [...model.parameters()].map(([path, { value }]) => ({ path: below(root, path), value, model })),
  )
  // Gradients go from the loss backward, so the last of them is the first that went wrong.
  for (const { path, value, model } of parameters.reverse()) {
    if (await hasOnlyNumbers(value)) continue
    const dot = path.lastIndexOf('.')
    return {
      what: `the weights '${path}', since the update before`,
      layer: dot < 0 ? model.constructor.name : path.slice(0, dot),
    }
  }
  for (const [name, tensor] of Object.entries(batch ?? {})) {
    if (isTensor(tensor) && tensor.dtype === 'float32' && !(await hasOnlyNumbers(tensor))) {
      return { what: `the batch's '${name}', as the loader gave it`, layer: undefined }
    }
  }
  const outputs = observeOutputs(models, replay)
  try {
    for (const { path, output } of outputs) {
      if (!(await hasOnlyNumbers(output))) return { what: `the output of layer '${path}'`, layer: path }
    }
  } finally {
    dispose(outputs.map(({ output }) => output))
  }
  return { what: undefined, layer: undefined }
}

const below = (root: string, path: string): string => [root, path].filter((part) => part !== '').join('.')

async function hasOnlyNumbers(tensor: Tensor): Promise<boolean> {
  const { data } = await toHost(tensor)
  return Array.prototype.every.call(data, Number.isFinite)
}

/** The outputs of all modules below the models while `run` runs; inner modules come before the outer ones. */
function observeOutputs(models: Models, run: () => void): { path: string; output: Tensor }[] {
  const outputs: { path: string; output: Tensor }[] = []
  const watch = (root: string, model: Module, inner: () => void) => (): void =>
    observe(model, inner, ({ path, output }) => {
      if (path === '') return
      for (const tensor of tensorsIn(output)) outputs.push({ path: below(root, path), output: keep(clone(tensor)) })
    })
  try {
    Object.entries(models).reduce<() => void>((inner, [root, model]) => watch(root, model, inner), run)()
    return outputs
  } catch (error) {
    dispose(outputs.map(({ output }) => output))
    throw error
  }
}

/** The real numbers of what a module gives: a tensor, or records and lists of them. */
function tensorsIn(output: unknown): Tensor[] {
  if (isTensor(output)) return output.dtype === 'float32' ? [output] : []
  return output !== null && typeof output === 'object' ? Object.values(output).flatMap(tensorsIn) : []
}
