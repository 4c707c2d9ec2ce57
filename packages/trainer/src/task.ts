import type { Module, ModuleOf } from '@ddnet/layers'
import type { Loss } from '@ddnet/losses'
import type { Metric } from '@ddnet/metrics'
import type { Tensor } from '@ddnet/ops'
import { type LossPart, lossPart } from './loss-part.ts'
import { sizeOf } from './read-batch.ts'

/** The tensors of one batch: `image`, and one target for each head. */
export type Tensors = Readonly<Record<string, Tensor>>

/** Runs the model: its predictions, or a record of them with one entry a head. */
export type Forward = (images: Tensor) => Tensor | Tensors

/** One loss, whose targets are the batch's `label`, or one a head, whose targets have the head's name in the batch. */
export type Losses = Loss | Readonly<Record<string, Loss>>

// biome-ignore lint/suspicious/noExplicitAny: the states of metrics differ, and only the metric itself looks inside
export type AnyMetric = Metric<any, any> & { readonly head?: string }
export type Metrics = Readonly<Record<string, AnyMetric>>

/** Metrics by name, with the head that each one measures. */
export type MetricsOfHeads = ReadonlyMap<string, { readonly metric: AnyMetric; readonly head: string }>

/** A metric of one head of a model with several. */
export const onHead = <State, Value>(
  head: string,
  metric: Metric<State, Value>,
): Metric<State, Value> & { readonly head: string } => ({ ...metric, head })

/** The head of a model with one: its targets are the batch's `label`. */
const onlyHead = 'label'

/** What a model is to do, and how well it does it is measured. */
export class Task {
  readonly #single: boolean
  readonly #losses: Readonly<Record<string, Loss>>
  readonly metrics: MetricsOfHeads

  constructor(
    readonly model: Module,
    losses: Losses,
    metrics: Metrics,
    private readonly forward: Forward = (images) =>
      (model as ModuleOf<[images: Tensor], Tensor | Tensors>).forward(images),
  ) {
    this.#single = typeof losses === 'function'
    this.#losses = typeof losses === 'function' ? { [onlyHead]: losses } : losses
    const heads = Object.keys(this.#losses)
    if (heads.length === 0) throw new Error('Trainer: expected a loss, got a record without entries.')
    this.metrics = new Map(
      Object.entries(metrics).map(([name, metric]) => {
        if (name === 'loss') throw new Error(`Trainer: a metric cannot be called 'loss'. Rename it.`)
        const head = metric.head ?? (heads.length === 1 ? heads[0] : undefined)
        if (head === undefined || !heads.includes(head)) {
          throw new Error(
            `Trainer: metric '${name}' measures ${head === undefined ? 'no head' : `head '${head}'`}, expected one of ${heads.join(', ')}. Use onHead(head, metric).`,
          )
        }
        return [name, { metric, head }]
      }),
    )
  }

  /** The heads, each of which has a loss. */
  get heads(): readonly string[] {
    return Object.keys(this.#losses)
  }

  /** The loss of a batch and the predictions, by head. */
  run(batch: Tensors): { losses: Readonly<Record<string, LossPart>>; predictions: Tensors } {
    const targets = Object.fromEntries(this.heads.map((head) => [head, this.tensorOf(batch, head)]))
    const result = this.forward(this.tensorOf(batch, 'image'))
    const predictions = this.#single ? { [onlyHead]: result as Tensor } : (result as Tensors)
    const losses = Object.entries(this.#losses).map(([head, loss]) => {
      const prediction = predictions[head]
      if (prediction === undefined) {
        throw new Error(`Trainer: the model returned no '${head}', only ${Object.keys(predictions).join(', ')}.`)
      }
      const what = this.#single ? 'Trainer: the loss' : `Trainer: the loss of '${head}'`
      return [head, lossPart(what, loss(prediction, targets[head] as Tensor), sizeOf(batch))] as const
    })
    return { losses: Object.fromEntries(losses), predictions }
  }

  private tensorOf(batch: Tensors, name: string): Tensor {
    const tensor = batch[name]
    if (tensor !== undefined) return tensor
    throw new Error(`Trainer: the batch has no '${name}', only ${Object.keys(batch).join(', ')}.`)
  }
}
