/**
 * Lets the event loop turn once. On backends that compute on this thread nothing else would: signals, timers and the
 * page would wait for the whole run.
 */
export const macrotask = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    // setTimeout would wait at least 4 ms in a page.
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(null)
  })
