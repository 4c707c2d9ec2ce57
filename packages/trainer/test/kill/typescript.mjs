// `node --import` this to run TypeScript sources as they are, parameter properties included.
import { register } from 'node:module'

register('./typescript-hooks.mjs', import.meta.url)
