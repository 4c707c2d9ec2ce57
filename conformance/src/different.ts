/**
 * Functions that @ddnet/ops shares with tfjs by name and not by meaning: the tests run on tfjs's function, and where
 * adapters.ts has it, on that.
 */
export const different: Readonly<Record<string, string>> = {
  grads: 'takes the tensors one by one, not in a list',
  valueAndGrads: 'takes tensors, not a function of them',
  zerosLike: 'is always float32',
  onesLike: 'is always float32',
  oneHot: 'is always float32, of ones and zeros',
  dropout: 'takes a key of random numbers',
  diag: 'of a matrix is its diagonal',
  eye: 'makes no batches, and is always float32',
  squeeze: 'ignores axes that are not of size 1',
  norm: 'takes options, and never the norm of a matrix',
}
