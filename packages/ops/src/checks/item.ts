/**
 * The item at a place where there is one: an axis that was checked, a tap of a kernel. The compiler cannot know that.
 *
 * @throws RangeError where there is none
 */
export function itemAt<T>(list: ArrayLike<T>, index: number): T {
  const item = list[index]
  if (item === undefined) throw new RangeError(`expected an item at ${index} in a list of ${list.length}`)
  return item
}

/** The last item of a list that has one. @throws RangeError if it is empty */
export const lastItem = <T>(list: ArrayLike<T>): T => itemAt(list, list.length - 1)
