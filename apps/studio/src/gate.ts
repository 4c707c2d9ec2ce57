/** Lets a run through, holds it, or lets it through once. */
export class Gate {
  #open = true
  #passes = 0
  #wake: (() => void) | undefined

  get open(): boolean {
    return this.#open
  }

  /** Lets everything through until it is closed. */
  openUp(): void {
    this.#open = true
    this.#wake?.()
  }

  close(): void {
    this.#open = false
  }

  /** Lets one through. */
  passOne(): void {
    this.#passes++
    this.#wake?.()
  }

  /** Resolves when the next may go through. `onHeld` is called if it has to wait. */
  async pass(onHeld: () => void | Promise<void> = () => {}): Promise<void> {
    if (!this.#open && this.#passes === 0) await onHeld()
    while (!this.#open && this.#passes === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (!this.#open) this.#passes--
  }
}
