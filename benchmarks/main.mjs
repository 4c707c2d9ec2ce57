// `pnpm bench NAME [option=value …]`: one benchmark, side by side with its peers.
const benchmarks = {
  data: './data/main.mjs',
  models: './models/main.mjs',
  node: './node/main.mjs',
  wasm: './wasm/main.mjs',
  webgpu: './webgpu/main.mjs',
}

const [name, ...options] = process.argv.slice(2)
const path = benchmarks[name]
if (path === undefined) {
  console.error(`bench: expected one of ${Object.keys(benchmarks).join(', ')}, got ${name ?? 'nothing'}.`)
  process.exitCode = 2
} else {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...options)
  await import(path)
}
