import { Tensor, tensor } from '@tensorflow/tfjs-core'

type Operator = (...parameters: never[]) => unknown

/**
 * tfjs's functions take lists in the place of tensors, and its tests make use of that; ops' take tensors.
 * This makes tensors of a first argument, and of nested lists and typed arrays in the others.
 */
export const takingLists =
  (operator: Operator): Operator =>
  (...parameters: unknown[]) => {
    const asTensors = parameters.map((each, position) =>
      isList(each) && (position === 0 || ArrayBuffer.isView(each) || Array.isArray((each as unknown[])[0]))
        ? tensor(each as number[])
        : each,
    )
    return operator(...(asTensors as never[]))
  }

const isList = (value: unknown): boolean =>
  ArrayBuffer.isView(value) ||
  (Array.isArray(value) && !(value.flat(Number.POSITIVE_INFINITY)[0] instanceof Tensor) && isPlain(value))

const isPlain = (list: unknown[]): boolean =>
  list.flat(Number.POSITIVE_INFINITY).every((each) => typeof each === 'number' || typeof each === 'boolean')
