/** Checks that an option is a finite number of at least 0. */
export function expectNonNegative(owner: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 0 && Number.isFinite(value))) {
      throw new RangeError(`${owner}: expected ${name} to be a number of at least 0, got ${value}.`)
    }
  }
}

/** Checks that a decay rate lies in [0, 1). */
export function expectRate(owner: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value >= 0 && value < 1)) {
      throw new RangeError(`${owner}: expected ${name} of at least 0 and below 1, got ${value}.`)
    }
  }
}

/** Checks that an option is a whole number of at least 1. */
export function expectCount(owner: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new RangeError(`${owner}: expected ${name} to be a whole number of at least 1, got ${value}.`)
    }
  }
}
