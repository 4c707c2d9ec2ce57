/**
 * A bounded queue of messages to another thread. At most `capacity` of them are on their way; whoever sends more waits
 * until earlier ones were shown. So a page that is busy or hidden slows the sender down, and memory stays flat.
 */
export class Outbox<Message> {
  #unshown = 0
  readonly #waiting: (() => void)[] = []

  constructor(
    private readonly post: (message: Message, transfer: Transferable[]) => void,
    private readonly capacity = 8,
  ) {}

  async send(message: Message, transfer: Transferable[] = []): Promise<void> {
    while (this.#unshown >= this.capacity) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
      })
    }
    this.#unshown++
    this.post(message, transfer)
  }

  /** One message was shown. */
  shown(): void {
    this.#unshown--
    this.#waiting.shift()?.()
  }
}
