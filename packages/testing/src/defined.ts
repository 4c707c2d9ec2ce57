/** What a test needs to be there. @throws TypeError if it is not */
export function defined<T>(value: T | undefined): Exclude<T, undefined> {
  if (!isDefined(value)) throw new TypeError('expected a value, got undefined')
  return value
}

const isDefined = <T>(value: T | undefined): value is Exclude<T, undefined> => value !== undefined
