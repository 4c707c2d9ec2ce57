import { createInterface } from 'node:readline'

/**
 * The side of `startPeer` in a process of its own: says what computes, then answers each line on standard input, a number of
 * steps, with their milliseconds on the clock and of all processors, as JSON.
 *
 * @param step one training step; its loss has been read when it returns, or when its promise is fulfilled
 * @param profile what the line `profile N` is answered with
 */
export async function answerSteps(device, step, profile) {
  console.log(JSON.stringify({ device }))
  for await (const line of createInterface({ input: process.stdin })) {
    if (line.startsWith('profile')) {
      console.log(JSON.stringify(profile(Number(line.split(' ')[1]))))
      continue
    }
    const times = []
    for (let done = 0; done < Number(line); done++) {
      const [start, processor] = [performance.now(), process.cpuUsage()]
      await step()
      const { user, system } = process.cpuUsage(processor)
      times.push([performance.now() - start, (user + system) / 1000])
    }
    console.log(JSON.stringify(times))
  }
  process.exit()
}
