import { errorMessage } from '@ddnet/ops/checks'
import { Outbox } from './outbox.ts'
import type { Command, Report } from './protocol.ts'
import { Session } from './session.ts'

const outbox = new Outbox<Report>((report, transfer) => postMessage(report, { transfer }))
let session: Session | undefined

addEventListener('message', ({ data: command }: MessageEvent<Command>) => {
  if (command.kind === 'shown') outbox.shown()
  else obey(command)
})

async function obey(command: Exclude<Command, { kind: 'shown' }>): Promise<void> {
  try {
    if (command.kind === 'start') {
      session = new Session(outbox, command.settings, command.pageUrl)
      await session.start()
    } else if (command.kind === 'open') await session?.open(command.files)
    else await session?.[command.kind]()
  } catch (error) {
    console.error(error)
    const message = errorMessage(error)
    const [kind, title] = failures[command.kind] ?? (['failed', 'The training stopped'] as const)
    await outbox.send({ kind, title, message })
  }
}

/** What it means that a command failed. */
const failures: Partial<Record<Command['kind'], readonly ['failed' | 'refused', string]>> = {
  start: ['failed', 'The page could not start'],
  open: ['refused', 'The checkpoint could not be opened'],
  goOn: ['refused', 'The run could not be gone on with'],
  save: ['refused', 'The checkpoint could not be saved'],
}
