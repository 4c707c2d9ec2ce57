import type { Environment } from '@ddnet/experiment'
import type { SelectedBackend } from '../backend/select-backend.ts'
import { describeMachine } from '../machine.ts'

/** Where this command computes. */
export const describeEnvironment = (
  ddnet: string,
  { backend, title, reason }: SelectedBackend,
  args: readonly string[],
): Environment => ({
  ddnet,
  ...describeMachine(),
  backend: { name: backend.name, device: backend.device, title, reason },
  command: ['ddnet', ...args].join(' '),
  startedAt: new Date().toISOString(),
})
