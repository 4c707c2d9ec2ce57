// `npm test`: installs, builds, checks types and style, and runs every workspace's tests; `npm run test:all`: the slow ones, too.
// Old versions of Node must be able to read this file, to say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`DDNet needs Node 20.19 or later, this is ${process.version}. Get a newer one from https://nodejs.org`)
  process.exit(1)
}

const words = process.argv.slice(2)
if (words.includes('--all')) process.env.DDNET_TEST_ALL = '1'
import('./checks.mjs').then(({ runChecks }) => runChecks(words.filter((word) => word !== '--all')))
