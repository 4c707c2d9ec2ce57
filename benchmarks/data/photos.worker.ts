import { workerData } from 'node:worker_threads'
import { serveDataset } from '@ddnet/datasets'
import { photos } from './photos.ts'

serveDataset(() => photos(workerData))
