/**
 * Makes the rows of a matrix orthonormal, each of what it adds to those before it: Q of the QR decomposition, with R's diagonal
 * positive, so that normal numbers become a matrix that is uniform among the orthogonal ones.
 *
 * Gram and Schmidt, each row twice, after which rounding leaves nothing of the others (Giraud et al. 2005, "twice is enough").
 *
 * @param values `[rows, columns]`, with no more rows than columns
 */
export function orthonormalRows(values: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const basis = Float64Array.from(values)
  for (let row = 0; row < rows; row++) {
    const own = basis.subarray(row * columns, (row + 1) * columns)
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < row; before++) {
        const other = basis.subarray(before * columns, (before + 1) * columns)
        const along = dot(own, other)
        for (let at = 0; at < columns; at++) own[at] = (own[at] as number) - along * (other[at] as number)
      }
    }
    const length = Math.sqrt(dot(own, own))
    for (let at = 0; at < columns; at++) own[at] = (own[at] as number) / length
  }
  return basis
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}
