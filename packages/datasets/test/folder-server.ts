import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { lastItem, portOf } from '@ddnet/testing'
import { onTestFinished } from 'vitest'

/** Serves the files of a folder on 127.0.0.1 until the test is over; what is missing is a 404. */
export async function serveFolder(folder: string): Promise<{ url: string; requested: string[] }> {
  const requested: string[] = []
  const server = createServer(async ({ url = '/' }, response) => {
    const name = lastItem(url.split('/'))
    requested.push(name)
    const content = await readFile(join(folder, name)).catch(() => undefined)
    if (content) response.end(content)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${portOf(server)}/cifar10`, requested }
}
