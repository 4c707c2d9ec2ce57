import type { Io } from './io.ts'

/** How to call us from the shell that called us, for the commands that we recommend. */
export interface CommandNames {
  /** `ddnet`, or whatever stands for it. */
  readonly ddnet: string
  /** What trains on CIFAR-10: `ddnet train cifar10`. */
  readonly train: string
}

/** `npm start` says in `DDNET_COMMAND` and `DDNET_TRAIN_COMMAND` what works in its shell. */
export function commandNames({ npm_command, DDNET_COMMAND, DDNET_TRAIN_COMMAND }: Io['env']): CommandNames {
  const ddnet = DDNET_COMMAND ?? (npm_command === 'exec' ? 'npx ddnet' : 'ddnet')
  return { ddnet, train: DDNET_TRAIN_COMMAND ?? `${ddnet} train cifar10` }
}
