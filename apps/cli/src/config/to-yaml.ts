import { stringify } from 'yaml'
import { wrap } from '../terminal/logger.ts'
import type { Config } from './schema.ts'

type Remark = (path: string) => string | undefined

/** The configuration as YAML; `remark` may add a comment behind a setting, and `explanation` one above it. */
export function toYaml(
  config: Config,
  remark: Remark = () => undefined,
  explanation: Remark = () => undefined,
): string {
  const lines: { text: string; remark?: string | undefined }[] = []
  const add = (indent: string, key: string, path: string, value: unknown) => {
    const above = explanation(path)
    for (const line of above === undefined ? [] : wrap(above, 78 - indent.length))
      lines.push({ text: `${indent}# ${line}` })
    lines.push({ text: `${indent}${key}: ${scalar(value)}`, remark: remark(path) ?? '' })
  }
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      lines.push({ text: `${key}:` })
      for (const [name, member] of Object.entries(value)) add('  ', name, `${key}.${name}`, member)
    } else add('', key, key, value)
  }
  const width = Math.max(...lines.map(({ text, remark }) => (remark === undefined ? 0 : text.length)))
  return lines.map(({ text, remark }) => `${remark ? `${text.padEnd(width)}  # ${remark}` : text}\n`).join('')
}

const scalar = (value: unknown): string => stringify(value, { collectionStyle: 'flow' }).trimEnd()
