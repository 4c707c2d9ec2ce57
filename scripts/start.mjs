// `npm start -- ARGS`: installs and builds what is not up to date, then runs `ddnet train cifar10 ARGS`.
// Old versions of Node must be able to read this file, to say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`DDNet needs Node 20.19 or later, this is ${process.version}. Get a newer one from https://nodejs.org`)
  process.exit(1)
}

import('./train.mjs').then(({ train }) => train(process.argv.slice(2)))
