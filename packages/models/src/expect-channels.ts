/** @throws RangeError unless there are some, and all are positive integers; `what` they are */
export function expectChannels(model: string, channels: readonly number[], what = 'channels'): void {
  if (channels.length > 0 && channels.every((count) => Number.isInteger(count) && count >= 1)) return
  throw new RangeError(`${model}: expected ${what} as positive integers, got [${channels}].`)
}
