export type { Settings } from './config/schema.ts'
