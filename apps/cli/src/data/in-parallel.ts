/** Does `work` for 0 … `count − 1`, at most `atOnce` at a time, begun in that order; the first error ends it. */
export async function inParallel(
  count: number,
  work: (index: number) => Promise<void>,
  { atOnce = 4 } = {}, // as many threads as Node decodes and writes with
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
