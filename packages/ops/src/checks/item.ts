/**
 * The item at a place where there is one: an axis that was checked, a tap of a kernel. The compiler cannot know that.
 *
 * @throws RangeError where there is none
 */
export function itemAt<T>(list: ArrayLike<T> | undefined, index: number): T {
  const item = list?.[index]
  if (item === undefined) throw new RangeError(`expected an item at ${index} in a list of ${list?.length ?? 0}`)
  return item
}

/** The last item of a list that has one. @throws RangeError if it is empty */
export const lastItem = <T>(list: ArrayLike<T>): T => itemAt(list, list.length - 1)

/** The entry of a record or a map that has one by that name. @throws RangeError if it has not */
export function entryOf<T>(
  entries: Readonly<Record<string, T>> | ReadonlyMap<string, T> | undefined,
  name: string,
): Exclude<T, undefined> {
  const entry = isMap(entries) ? entries.get(name) : Object.hasOwn(entries ?? {}, name) ? entries?.[name] : undefined
  if (!isDefined(entry)) throw new RangeError(`expected an entry named ${name}`)
  return entry
}

const isMap = <T>(
  entries: Readonly<Record<string, T>> | ReadonlyMap<string, T> | undefined,
): entries is ReadonlyMap<string, T> => entries instanceof Map

const isDefined = <T>(value: T | undefined): value is Exclude<T, undefined> => value !== undefined

/** `length` items of one type, as a tuple. */
export type Tuple<T, Length extends number, Items extends readonly T[] = []> = Items['length'] extends Length
  ? Items
  : Tuple<T, Length, [...Items, T]>

/** The first items of a list that has as many, as a tuple: the sizes of a shape whose rank was checked. @throws RangeError if there are fewer */
export function tuple<T, const Length extends number>(list: ArrayLike<T>, length: Length): Tuple<T, Length> {
  const items = Array.from(list).slice(0, length)
  if (!hasLength(items, length)) throw new RangeError(`expected a list of ${length}, got one of ${list.length}`)
  return items
}

const hasLength = <T, Length extends number>(list: readonly T[], length: Length): list is Tuple<T, Length> =>
  list.length === length
