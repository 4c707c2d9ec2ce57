import { stringify } from 'yaml'
import { wrap } from '../terminal/logger.ts'

type Remark = (path: string) => string | undefined

/** Settings by path as YAML; `remark` may add a comment behind a setting, and `explanation` one above it. */
export function toYaml(
  settings: Readonly<Record<string, unknown>>,
  remark: Remark = () => undefined,
  explanation: Remark = () => undefined,
): string {
  const lines: { text: string; remark?: string }[] = []
  for (const [path, value] of Object.entries(settings)) {
    const above = explanation(path)
    for (const line of above === undefined ? [] : wrap(above, 78)) lines.push({ text: `# ${line}` })
    lines.push({ text: `${path}: ${scalar(value)}`, remark: remark(path) ?? '' })
  }
  const width = Math.max(...lines.map(({ text, remark }) => (remark === undefined ? 0 : text.length)))
  return lines.map(({ text, remark }) => `${remark ? `${text.padEnd(width)}  # ${remark}` : text}\n`).join('')
}

const scalar = (value: unknown): string => stringify(value, { collectionStyle: 'flow' }).trimEnd()
