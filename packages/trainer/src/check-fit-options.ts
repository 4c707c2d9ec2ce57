import type { FitOptions } from './fit-options.ts'

/** Checks `options` before anything is changed. */
export function checkFitOptions<B>(options: FitOptions<B>): void {
  const { epochs, steps, lag = 2, validateEvery = 1, maxSeconds = 1, resume, key } = options
  if ((epochs === undefined) === (steps === undefined)) {
    throw new RangeError(`fit: expected either epochs or steps, got ${JSON.stringify({ epochs, steps })}.`)
  }
  expectWhole('epochs', epochs ?? 1, 1)
  expectWhole('steps', steps ?? 1, 1)
  expectWhole('lag', lag, 0)
  expectWhole('validateEvery', validateEvery, 1)
  if (!(maxSeconds > 0)) throw new RangeError(`fit: expected maxSeconds above 0, got ${maxSeconds}.`)
  if (resume !== undefined && key !== undefined && (key.high !== resume.key.high || key.low !== resume.key.low)) {
    throw new Error('fit: the resumed run was started with another key. Leave `key` out to go on with its own.')
  }
}

function expectWhole(name: string, value: number | undefined, minimum: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < minimum) {
    throw new RangeError(`fit: expected ${name} to be a whole number of at least ${minimum}, got ${value}.`)
  }
}
