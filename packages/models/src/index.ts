export { DDNet, type DDNetOptions } from './ddnet.ts'
export { estimateMemory, type MemoryEstimate } from './memory.ts'
export { SeedDDNet, seedDDNet } from './seed-ddnet.ts'
