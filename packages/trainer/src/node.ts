// What a run leaves on the disk as checkpoints and logs are written: whole, flushed, and never through a link; and what a
// checkpoint says of a log.
export { checkpointName, listCheckpoints } from './checkpoint/checkpoint-index.ts'
export { append, flush, readFile, replaceFile } from './checkpoint/storage.node.ts'
export { keptEntries, nothingTold, type Told, tell, toldOf, withoutTimes } from './loggers/told.ts'
