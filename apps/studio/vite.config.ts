import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

/** Shared memory and precise clocks need a page that is isolated from other origins. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

/** zod tries whether it may make code of text, and checks faster where it may. A page under a strict policy may not: none asks. */
const noCodeOfText: Plugin = {
  name: 'no-code-of-text',
  transform(code, id) {
    if (!/\/zod\/v4\/core\/util\.js$/.test(id)) return undefined
    const probe = 'const F = Function;\n        new F("");\n        return true;'
    if (!code.includes(probe))
      this.error('zod asks in another way whether it may make code of text: see its allowsEval.')
    return code.replace(probe, 'return false;')
  },
}

export default defineConfig({
  plugins: [noCodeOfText],
  // Any folder of a site will do.
  base: './',
  // A missing shard is an error, not the page again.
  appType: 'mpa',
  resolve: { conditions: ['@ddnet/source', ...defaultClientConditions] },
  server: { headers },
  preview: { headers },
  worker: {
    format: 'es',
    plugins: () => [noCodeOfText],
    // The model's summary shows the names of classes.
    rolldownOptions: { output: { keepNames: true } },
  },
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 1000,
  },
})
