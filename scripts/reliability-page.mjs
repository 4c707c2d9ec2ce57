/** The tables of docs/reliability.md: what their rows must have, and how they are read. */
const tables = {
  killed: {
    title: 'Killed and resumed',
    text: `A training runs in a process of its own, saves every step, and dies by SIGKILL at random moments; every second kill waits until
the writing of a checkpoint has begun. After each kill the last checkpoint (weights, optimizer, randomness, position in the data, metrics)
must have the bytes that an undisturbed run has at that step, and at most the step that was being saved may have to be trained again. At the
end the last and the best checkpoint and every line of the log are compared, too.`,
    columns: {
      row: 'what',
      kills: 'kills',
      inWrite: 'in the middle of a checkpoint',
      exact: 'exact after it',
      maxStepsAgain: 'steps to train again, at most',
    },
  },
  mutated: {
    title: 'Damaged files',
    text: `Honest files with one to four changes each: bits, bytes, runs of special bytes, cuts, gaps, repetitions; half of them in the first 64
bytes, where headers are. Each is read or refused with the error of its package, which names what is wrong. Any other error, a crash,
a hang, or a reading that takes more than 16 MB of memory for a file of some kB fails the run.`,
    columns: {
      row: 'format',
      files: 'files',
      accepted: 'read',
      refused: 'refused',
      error: 'with a',
      maxBytes: 'memory, at most (kB)',
    },
  },
  memory: {
    title: 'Flat memory',
    text: `A small DDNet trains in a process of its own, with augmentation, validations, checkpoints and a log. A hundred times it collects garbage
and counts: tensors and their bytes must always be the same. A line through JavaScript's heap, and one through the memory of the whole process
(RSS), over the second half of the steps, must rise by less than the bounds; the first half fills the history of the newest 10,000 steps.`,
    columns: {
      row: 'backend',
      steps: 'steps',
      tensors: 'tensors, first to last',
      bytes: 'their bytes, first to last',
      heapSlope: 'heap, bytes a step',
      rssSlope: 'RSS, bytes a step',
      bounds: 'bounds',
      rssMb: 'RSS at the end (MB)',
    },
  },
  cases: {
    title: 'Other trouble',
    text: `A full disk is a file system of 1 MB, a read-only disk one that is mounted anew for reading alone, both in a namespace of the test's own
(\`unshare -rm\`). "Well" is what the last column says.`,
    columns: { row: 'what happens', tries: 'tries', well: 'went well', how: 'well means' },
  },
}

/** docs/reliability.md from benchmarks/results/reliability.json. */
export function reliabilityPage({ command, minutes, machine, rows }) {
  const { cpu, cores, memoryGb, node, os } = machine
  const parts = Object.entries(tables).map(([name, { title, text, columns }]) => {
    const own = rows.filter(({ table }) => table === name)
    return `## ${title}\n\n${text}\n\n${table({ ...columns, commit: 'commit' }, own)}`
  })
  return `# Reliability

What has been done to DDNet, and how it held. Written by \`${command}\`, which makes other damage every time (\`DDNET_SEED\`
repeats some); \`npm test\` runs a slice of each. The last column is the commit that a row was measured at; on ${cores} cores of
${cpu}, ${memoryGb} GB, ${os}, Node ${node}.${minutes === undefined ? '' : ` All of it took ${minutes} minutes there.`}

${parts.join('\n')}`
}

function table(columns, rows) {
  const cells = [
    Object.values(columns),
    ...rows.map((each) =>
      Object.keys(columns).map((key) => show(key, key === 'row' || key === 'commit' ? each[key] : each.figures[key])),
    ),
  ]
  const isNumber = Object.keys(columns).map(
    (key, at) => key !== 'commit' && cells.slice(1).every((row) => /^-?[\d,.]+$/.test(row[at])),
  )
  const widths = Object.keys(columns).map((_, at) => Math.max(...cells.map((row) => row[at].length)))
  const line = (row) =>
    `| ${row.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join(' | ')} |`
  const rule = widths.map((width, at) => (isNumber[at] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)))
  return `${[line(cells[0]), line(rule), ...cells.slice(1).map(line)].join('\n')}\n`
}

function show(key, value) {
  if (value === undefined) throw new Error(`reliability: a row has no ${key}. Run pnpm reliability again.`)
  if (typeof value === 'string') return value
  if (key === 'maxBytes') return grouped(Math.ceil(value / 1000))
  return Number.isInteger(value) || Math.abs(value) >= 10 ? grouped(Math.round(value)) : value.toFixed(1)
}

const grouped = (value) => value.toLocaleString('en-US')
