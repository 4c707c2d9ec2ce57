import type { BenchmarkReport, BenchmarkRequest } from './benchmark.worker.ts'
import { element } from './element.ts'

/** Measures the kernels of this browser’s WebGPU in a worker of its own, and shows a table to copy. */
export function offerBenchmark(): void {
  const [start, copy] = [element<HTMLButtonElement>('benchmark'), element<HTMLButtonElement>('copy')]
  const form = element<HTMLFormElement>('benchmark-form')
  const table = element('benchmark-table')
  const status = element('benchmark-status')
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const fields = new FormData(form)
    const request: BenchmarkRequest = { batch: Number(fields.get('batch')), only: String(fields.get('only')).trim() }
    start.disabled = true
    copy.hidden = true
    table.textContent = ''
    table.hidden = false
    status.textContent = 'Measuring… Other work of this machine disturbs it.'
    const worker = new Worker(new URL('./benchmark.worker.ts', import.meta.url), { type: 'module' })
    const end = (text: string): void => {
      status.textContent = text
      start.disabled = false
      worker.terminate()
    }
    worker.addEventListener('error', ({ message }) => end(`The benchmark stopped: ${message}`))
    worker.addEventListener('message', ({ data }: MessageEvent<BenchmarkReport>) => {
      if (data.kind === 'line') table.append(`${data.text}\n`)
      else if (data.kind === 'failed') end(`The benchmark stopped: ${data.text}`)
      else {
        table.append(`\n${data.text}\n${navigator.userAgent}\n`)
        copy.hidden = false
        end('Medians of up to five runs in turns. Stock is tfjs-backend-webgpu as it is published.')
      }
    })
    worker.postMessage(request)
  })
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(table.textContent ?? '')
    copy.textContent = 'Copied'
    setTimeout(() => {
      copy.textContent = 'Copy'
    }, 2000)
  })
}
