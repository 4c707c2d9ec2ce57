import { stringify } from 'yaml'
import type { Config } from './schema.ts'

/** The configuration as YAML; `remark` may add a comment behind a setting. */
export function toYaml(config: Config, remark: (path: string) => string | undefined = () => undefined): string {
  const lines: { text: string; remark?: string | undefined }[] = []
  const add = (indent: string, key: string, path: string, value: unknown) =>
    lines.push({ text: `${indent}${key}: ${scalar(value)}`, remark: remark(path) })
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      lines.push({ text: `${key}:` })
      for (const [name, member] of Object.entries(value)) add('  ', name, `${key}.${name}`, member)
    } else add('', key, key, value)
  }
  const width = Math.max(...lines.map(({ text }) => text.length))
  return lines
    .map(({ text, remark }) => `${remark === undefined ? text : `${text.padEnd(width)}  # ${remark}`}\n`)
    .join('')
}

const scalar = (value: unknown): string => stringify(value, { collectionStyle: 'flow' }).trimEnd()
