/** A symmetric matrix by its rows, all of one length, in float64. */
export type Symmetric = readonly Float64Array[]

/** `Σ aᵢ bᵢ` from an index on. */
function dot(a: Float64Array, b: Float64Array, from = 0): number {
  let sum = 0
  for (let at = from; at < a.length; at++) sum += (a[at] ?? 0) * (b[at] ?? 0)
  return sum
}

/** `target += factor · x` from an index on. */
function addScaled(target: Float64Array, factor: number, x: Float64Array, from = 0): void {
  for (let at = from; at < target.length; at++) target[at] = (target[at] ?? 0) + factor * (x[at] ?? 0)
}

/**
 * `tr √(a b)`, the sum of the square roots of the eigenvalues of a product of two covariance matrices, symmetric and without
 * negative eigenvalues: they are those of `Lᵀ b L` where `a = L Lᵀ`, which is symmetric again. Matrices may be singular.
 */
export function traceOfRoot(a: Symmetric, b: Symmetric): number {
  const columns = choleskyColumns(a)
  const images = columns.map((column) => Float64Array.from(b, (row) => dot(row, column)))
  const inner = columns.map((column) => Float64Array.from(images, (image) => dot(column, image)))
  // Rounding makes eigenvalues that are 0 a little less.
  return eigenvalues(inner).reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
}

/**
 * The columns of an L with `matrix = L Lᵀ`, as many as its rank: Cholesky's decomposition, the largest pivot first.
 *
 * @see Higham 1990, "Analysis of the Cholesky decomposition of a semi-definite matrix"
 */
function choleskyColumns(matrix: Symmetric): Float64Array[] {
  const left = Float64Array.from(matrix, (row, at) => row[at] ?? 0) // the diagonal of what is left
  const least = left.reduce((most, value) => Math.max(most, value), 0) * left.length * Number.EPSILON
  const columns: Float64Array[] = []
  for (const _ of matrix) {
    const pivot = left.reduce((best, value, at) => (value > (left[best] ?? 0) ? at : best), 0)
    const size = left[pivot] ?? 0
    const row = matrix[pivot]
    if (!(size > least) || row === undefined) break
    const column = row.slice()
    for (const before of columns) addScaled(column, -(before[pivot] ?? 0), before)
    for (const [at, value] of column.entries()) column[at] = value / Math.sqrt(size)
    for (const [at, value] of column.entries()) left[at] = (left[at] ?? 0) - value ** 2
    left[pivot] = 0
    columns.push(column)
  }
  return columns
}

/**
 * All eigenvalues of a symmetric matrix, in no order: Householder's reflections make it three diagonals, and QL steps with
 * implicit shifts one.
 *
 * @throws Error if one is not found in 60 steps
 * @see Martin, Reinsch and Wilkinson 1968; Martin and Wilkinson 1968, "The implicit QL algorithm"
 */
export function eigenvalues(matrix: Symmetric): Float64Array {
  const size = matrix.length
  const rows = matrix.map((row) => row.slice())
  const beside = new Float64Array(size)
  for (const [at, row] of rows.entries()) {
    if (at + 1 >= size) break
    const norm = Math.sqrt(dot(row, row, at + 1))
    const first = row[at + 1] ?? 0
    const value = first > 0 ? -norm : norm
    beside[at] = value
    if (norm === 0) continue
    // The reflection I − v vᵀ · 2 / ‖v‖² that leaves of this row the diagonal and one value beside it.
    const v = row.slice()
    v.fill(0, 0, at + 1)
    v[at + 1] = first - value
    const factor = 2 / dot(v, v, at + 1)
    const w = Float64Array.from(rows, (other, index) => (index > at ? factor * dot(other, v, at + 1) : 0))
    addScaled(w, (-factor / 2) * dot(w, v, at + 1), v, at + 1)
    for (let index = at + 1; index < size; index++) {
      const other = rows[index]
      if (other === undefined) continue
      addScaled(other, -(v[index] ?? 0), w, at + 1)
      addScaled(other, -(w[index] ?? 0), v, at + 1)
    }
  }
  return implicitQl(
    Float64Array.from(rows, (row, at) => row[at] ?? 0),
    beside,
  )
}

const mostSteps = 60

/** The eigenvalues of a matrix of three diagonals, in the place of its diagonal; `e[i]` lies beside `d[i]` and `d[i + 1]`. */
function implicitQl(d: Float64Array, e: Float64Array): Float64Array {
  const of = (values: Float64Array, at: number): number => values[at] ?? 0
  const isSplit = (at: number): boolean =>
    Math.abs(of(e, at)) <= Number.EPSILON * (Math.abs(of(d, at)) + Math.abs(of(d, at + 1)))
  for (let first = 0; first < d.length; first++) {
    for (let step = 0; ; step++) {
      let last = first
      while (last < d.length - 1 && !isSplit(last)) last++
      if (last === first) break
      if (step === mostSteps) throw new Error(`eigenvalues: no convergence in ${mostSteps} steps.`)
      const shift = (of(d, first + 1) - of(d, first)) / (2 * of(e, first))
      let g = of(d, last) - of(d, first) + of(e, first) / (shift + Math.sign(shift || 1) * Math.hypot(shift, 1))
      let [sine, cosine, p] = [1, 1, 0]
      let at = last - 1
      for (; at >= first; at--) {
        const f = sine * of(e, at)
        const b = cosine * of(e, at)
        const length = Math.hypot(f, g)
        e[at + 1] = length
        if (length === 0) {
          d[at + 1] = of(d, at + 1) - p
          e[last] = 0
          break
        }
        sine = f / length
        cosine = g / length
        g = of(d, at + 1) - p
        const r = (of(d, at) - g) * sine + 2 * cosine * b
        p = sine * r
        d[at + 1] = g + p
        g = cosine * r - b
      }
      if (at >= first) continue
      d[first] = of(d, first) - p
      e[first] = g
      e[last] = 0
    }
  }
  return d
}
