import { add, div, matMul, maximum, mul, norm, reshape, type Tensor } from '@ddnet/ops'
import { adamW } from './adam.ts'
import { chain } from './chain.ts'
import { decayWeights } from './decay-weights.ts'
import type { GradientTransformation, Optimizer, ParameterMask } from './gradient-transformation.ts'
import { expectCount, expectNonNegative, expectRate } from './option-checks.ts'
import { partition } from './partition.ts'
import { perParameter } from './per-parameter.ts'
import { scaleByLearningRate } from './scale-by-learning-rate.ts'
import { asSchedule, type Schedule } from './schedules/schedule.ts'

export type MuonScale = 'original' | 'matchRmsAdamW' | 'none'

/** How large an update of a matrix with so many outputs and inputs is. */
const scales: Readonly<Record<MuonScale, (outputs: number, inputs: number) => number>> = {
  /** Keller Jordan's. */
  original: (outputs, inputs) => Math.sqrt(Math.max(1, outputs / inputs)),
  /** Moonshot's: as large as AdamW's, so that its learning rate and weight decay fit. */
  matchRmsAdamW: (outputs, inputs) => 0.2 * Math.sqrt(Math.max(outputs, inputs)),
  none: () => 1,
}

export interface ScaleByMuonOptions {
  /** What the mean of the gradients keeps of itself. */
  momentum?: number
  /** Look ahead along the mean. */
  nesterov?: boolean
  /** Newton–Schulz iterations. */
  iterations?: number
  /** Those of the polynomial `aX + b(XXᵀ)X + c(XXᵀ)²X`. */
  coefficients?: readonly [a: number, b: number, c: number]
  eps?: number
  /** `original` is √max(1, outputs / inputs), `matchRmsAdamW` 0.2 · √max(outputs, inputs), `none` is 1. */
  scale?: MuonScale
}

export interface MuonOptions extends ScaleByMuonOptions {
  learningRate?: number | Schedule
  /** Taken off the parameter itself, as in AdamW. */
  weightDecay?: number
  /** Which parameters decay: `weightsOnly` leaves out biases and norms. Without it all do. */
  mask?: ParameterMask
  /** Which parameters Muon trains: those of at least two axes by default. `(path, { rank }) => rank === 4` are filters alone. */
  matrices?: ParameterMask
  /** What trains all others, of Muon's learning rate. Default: AdamW of the same rate and decay, which fits `scale: 'matchRmsAdamW'`. */
  others?: (learningRate: Schedule) => Optimizer
}

/**
 * The nearest matrix whose singular values are all alike, about 1: with `X = G / ‖G‖`, some times
 * `X ← aX + b(XXᵀ)X + c(XXᵀ)²X`, which leaves the singular vectors as they are and brings the values to between 0.7 and 1.2.
 *
 * @param matrix `[rows, columns]`
 * @see Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"
 */
export function orthogonalize(
  matrix: Tensor,
  { iterations = 5, coefficients = [3.4445, -4.775, 2.0315], eps = 1e-7 }: ScaleByMuonOptions = {},
): Tensor {
  const [rows, columns] = matrix.shape as [number, number]
  if (matrix.rank !== 2) throw new RangeError(`orthogonalize: expected a matrix, got [${matrix.shape}].`)
  const [a, b, c] = coefficients
  const isTall = rows > columns // the smaller of the two products XXᵀ and XᵀX
  let x = div(matrix, maximum(norm(matrix), eps))
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = matMul(x, x, isTall, !isTall)
    const polynomial = add(mul(b, gram), mul(c, matMul(gram, gram)))
    x = add(mul(a, x), isTall ? matMul(x, polynomial) : matMul(polynomial, x))
  }
  return x
}

/**
 * Muon's direction: the mean of the gradients `m ← μm + (1 − μ)g` (or `μm + (1 − μ)g` once more, with Nesterov's look-ahead) as the
 * nearest orthogonal matrix, times its `scale`. A filter, `[height, width, in, out]`, is the matrix of its outputs, as PyTorch's
 * flattened ones are; so is whatever else has more than two axes, the last of which are the outputs.
 *
 * @throws RangeError for options out of range; from `update`, for a parameter with fewer than two axes
 * @see Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"
 */
export function scaleByMuon(options: ScaleByMuonOptions = {}): GradientTransformation {
  const { momentum = 0.95, nesterov = true, iterations = 5, eps = 1e-7, scale = 'original' } = options
  expectRate('scaleByMuon', { momentum })
  expectCount('scaleByMuon', { iterations })
  expectNonNegative('scaleByMuon', { eps })
  const factorOf = scales[scale]
  if (!Object.hasOwn(scales, scale)) {
    throw new RangeError(`scaleByMuon: expected scale to be one of ${Object.keys(scales).join(', ')}, got ${scale}.`)
  }
  const towards = (mean: Tensor, g: Tensor) => add(mul(momentum, mean), mul(1 - momentum, g))
  return perParameter({
    name: 'muon',
    slots: ['m'],
    update: ({ path, update: g, state }) => {
      if (g.rank < 2) {
        throw new RangeError(
          `scaleByMuon: expected matrices and filters, got '${path}' of shape [${g.shape}]. Leave it to another optimizer: partition((path, { rank }) => (rank > 1 ? 'muon' : 'others'), { … }), as muon(…) does.`,
        )
      }
      const m = towards(state.m, g)
      const direction = nesterov ? towards(m, g) : m
      const [first, last] = [g.shape[0] as number, g.shape.at(-1) as number]
      // Transposed, or with the inputs in another order, the orthogonal matrix is, too.
      const matrix = g.rank === 2 ? direction : reshape(direction, [-1, last])
      const factor = g.rank === 2 ? factorOf(first, last) : factorOf(last, g.size / last)
      const orthogonal = mul(factor, orthogonalize(matrix, { ...options, eps, iterations }))
      return { update: g.rank === 2 ? orthogonal : reshape(orthogonal, g.shape), state: { m } }
    },
  })
}

/**
 * Muon for matrices and filters: `θ ← θ − η(s · O + λθ)`, where `O` is the nearest orthogonal matrix to the momentum and `s` its
 * `scale`. Biases, norms and what else is a vector are trained by `others`, in a group of their own.
 *
 * @throws RangeError for options out of range
 * @see Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; Liu et al. 2025, "Muon is scalable for LLM
 *   training"; torch.optim.Muon
 * @example
 * muon({ learningRate: 0.02, weightDecay: 0, others: (rate) => adamW({ learningRate: scaled(rate, 0.015) }) })
 * muon({ learningRate: 1e-3, scale: 'matchRmsAdamW' }) // one rate for all
 */
export function muon(options: MuonOptions = {}): Optimizer {
  const { learningRate = 1e-3, weightDecay = 0.1, mask, matrices = (_, { rank }) => rank > 1, ...scale } = options
  const decay = mask && { mask }
  const { others = (rate: Schedule) => adamW({ learningRate: rate, weightDecay, ...decay }), ...rule } = scale
  const rate = asSchedule(learningRate)
  return partition((path, parameter) => (matrices(path, parameter) ? 'muon' : 'others'), {
    muon: chain(scaleByMuon(rule), decayWeights(weightDecay, decay), scaleByLearningRate(rate)),
    others: others(rate),
  })
}
