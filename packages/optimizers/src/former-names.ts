const former: Readonly<Record<string, string>> = { 'm.': 'adam.m.', 'v.': 'adam.v.', 'velocity.': 'momentum.velocity.' }

/**
 * A state whose tensors have the names of before optimizers were chains (`m.PARAMETER`, `v.PARAMETER`,
 * `velocity.PARAMETER`), under those of today; all other names stay.
 */
export function withCurrentNames<T>(state: Readonly<Record<string, T>>): Record<string, T> {
  const renamed = Object.entries(state).map(([name, value]) => {
    const prefix = Object.keys(former).find((each) => name.startsWith(each))
    return [prefix === undefined ? name : `${former[prefix]}${name.slice(prefix.length)}`, value]
  })
  return Object.fromEntries(renamed)
}
