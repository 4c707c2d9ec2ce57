/** @throws RangeError if `every` is not a number of steps */
export function expectSteps(logger: string, every: number): void {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new RangeError(`${logger}: expected every to be a whole number of steps, at least 1, got ${every}.`)
  }
}
