import { fileURLToPath } from 'node:url'

/** A file or folder of this package: beside `dist` where it is built, else beside `src`. */
export const installedPath = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url))
