// The two functions of Node's `util` that tfjs-node uses; Node 23 removed both.
export const isArray = Array.isArray

export function isNullOrUndefined(value) {
  return value === null || value === undefined
}
