/** The report's style sheet: light, dark where the reader prefers it, narrow screens, paper. */
export const reportStyle: string = `
:root { color-scheme: light dark; --paper: #fafaf9; --card: #fff; --ink: #292524; --faint: #6b645f; --line: #e7e5e4;
  --right: 22 130 60; --wrong: 200 60 30; --cell-ink: #292524; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --paper: #1c1917; --card: #262220; --ink: #f5f5f4; --faint: #a8a29e; --line: #44403c;
  --right: 34 160 84; --wrong: 225 90 50; --cell-ink: #f5f5f4; --good: #4ade80; --bad: #f87171; }
  .plot .curve-0 { stroke: #60a5fa } .plot .curve-1 { stroke: #fb923c } .plot .curve-2 { stroke: #4ade80 }
  .plot .curve-3 { stroke: #c084fc } .plot .curve-4 { stroke: #f472b6 } .plot .curve-5 { stroke: #d4d4d8 }
  .plot .curve-0.dot { fill: #60a5fa } .plot .curve-1.dot { fill: #fb923c } .plot .curve-2.dot { fill: #4ade80 }
  .plot .curve-3.dot { fill: #c084fc } .plot .curve-4.dot { fill: #f472b6 } .plot .curve-5.dot { fill: #d4d4d8 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 70rem; padding: 1.5rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 1rem } h2 { font-size: 1.15rem; margin: 2rem 0 .75rem } h3 { font-size: 1rem; margin: 1rem 0 .5rem }
p, figcaption { color: var(--faint); font-size: .9rem; margin: .5rem 0 }
dl { display: grid; grid-template-columns: fit-content(50%) 1fr; gap: .25rem 1.5rem; margin: 0 }
dt { color: var(--faint) } dd { margin: 0 }
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem }
.plot { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; width: 100%; height: auto }
.plot .ink { fill: var(--ink) } .plot .grid { stroke: var(--line) } .plot .axis { stroke: var(--faint) } .plot .dot { stroke: none }
.scroll { overflow-x: auto } .long { max-height: 28rem; overflow-y: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; white-space: nowrap }
th { font-weight: 500; text-align: left; padding: .2rem .6rem .2rem 0 }
td { padding: .2rem .4rem; text-align: right }
.rival { text-align: left; white-space: normal; overflow-wrap: normal }
.confusion thead th { vertical-align: bottom; padding: .2rem; writing-mode: vertical-rl; rotate: 180deg }
.confusion tbody th { position: sticky; left: 0; background: var(--paper) }
.confusion thead td { text-align: left } .confusion td { min-width: 2.4rem; height: 2.1rem; text-align: center; border: 1px solid var(--paper); color: var(--cell-ink) }
.right { background: rgb(var(--right) / var(--share)) } .wrong { background: rgb(var(--wrong) / var(--share)) }
meter { width: min(12rem, 22vw); height: 1rem; vertical-align: middle }
.predictions { display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: 1rem }
figure { margin: 0 } .predictions figcaption { line-height: 1.35 }
.predictions img { width: 100%; border-radius: .25rem; border: 3px solid var(--faint) }
.predictions .good img { border-color: var(--good) } .predictions .bad img { border-color: var(--bad) }
.good b { color: var(--good) } .bad b { color: var(--bad) } b { color: var(--ink); font-weight: 600 }
img { max-width: 100%; height: auto; image-rendering: pixelated; display: block }
@media print { body { max-width: none } .long { max-height: none } section { break-inside: avoid } }
`
