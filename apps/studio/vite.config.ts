import { defaultClientConditions, defineConfig } from 'vite'

/** Shared memory and precise clocks need a page that is isolated from other origins. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  // Any folder of a site will do.
  base: './',
  // A missing shard is an error, not the page again.
  appType: 'mpa',
  resolve: { conditions: ['@ddnet/source', ...defaultClientConditions] },
  server: { headers },
  preview: { headers },
  worker: {
    format: 'es',
    // The model's summary shows the names of classes.
    rolldownOptions: { output: { keepNames: true } },
  },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 1000,
  },
})
