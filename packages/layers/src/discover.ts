import type { Module } from './module.ts'
import type { Buffer, Counter, Parameter } from './parameter.ts'

/** What a module owns: a value, not a part that computes. */
export type Leaf = Parameter | Buffer | Counter

/** A model, or several by name. */
export type Root = Module | Readonly<Record<string, Module>>

// A word and not the class: two copies of this package in one process must know each other's modules.
const brandOf = (value: unknown): unknown =>
  value !== null && typeof value === 'object' ? (value as { '~ddnet'?: unknown })['~ddnet'] : undefined

export const isModule = (value: unknown): value is Module => brandOf(value) === 'module'
export const isParameter = (value: unknown): value is Parameter => brandOf(value) === 'parameter'
export const isBuffer = (value: unknown): value is Buffer => brandOf(value) === 'buffer'
export const isCounter = (value: unknown): value is Counter => brandOf(value) === 'counter'
const isLeaf = (value: unknown): value is Leaf => isParameter(value) || isBuffer(value) || isCounter(value)

/** The modules and leaves of an owner by dotted path: in its fields, and in arrays and plain records there, at any depth. */
export function partsOf(owner: Root): Map<string, Module | Leaf> {
  const parts = new Map<string, Module | Leaf>()
  for (const [name, value] of Object.entries(owner)) collect(owner, name, value, parts, [])
  return parts
}

function collect(
  owner: object,
  path: string,
  value: unknown,
  parts: Map<string, Module | Leaf>,
  around: readonly unknown[],
): void {
  if (value === null || typeof value !== 'object') return
  if (isModule(value) || isLeaf(value)) parts.set(path, value)
  else if (value instanceof Map || value instanceof Set) {
    if (holdsPart(value, [])) {
      throw new Error(
        `${owner.constructor.name}: its '${path}' is a ${value.constructor.name} that holds modules or parameters, which are not found there. Use an array, or a plain record: { name: module }.`,
      )
    }
  } else if (isPlain(value) && !around.includes(value)) {
    for (const [key, inner] of Object.entries(value)) collect(owner, `${path}.${key}`, inner, parts, [...around, value])
  }
}

function holdsPart(value: unknown, around: readonly unknown[]): boolean {
  if (value === null || typeof value !== 'object' || around.includes(value)) return false
  if (isModule(value) || isLeaf(value)) return true
  const inner =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : isPlain(value)
          ? Object.values(value)
          : []
  return inner.some((each) => holdsPart(each, [...around, value]))
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** All leaves below a root, under all of their names. */
export function leavesOf(root: Root): [string, Leaf][] {
  const leaves: [string, Leaf][] = []
  walk(root, (path, part) => {
    if (!isModule(part)) leaves.push([path, part])
    return true
  })
  return leaves
}

/** All modules below a root by name, the root itself as ''; what is shared once, by the first of its names. */
export function modulesOf(root: Root): Map<string, Module> {
  const seen = new Set<Module>()
  const modules = new Map<string, Module>()
  const note = (path: string, part: Module | Leaf): boolean => {
    if (!isModule(part) || seen.has(part)) return false
    seen.add(part)
    modules.set(path, part)
    return true
  }
  if (isModule(root)) note('', root)
  walk(root, note)
  return modules
}

/** @param visit says whether to go on into a module */
function walk(
  root: Root,
  visit: (path: string, part: Module | Leaf) => boolean,
  prefix = '',
  around: readonly Root[] = [],
): void {
  if (around.includes(root)) {
    throw new Error(
      `${root.constructor.name}: it contains itself, as '${prefix.slice(0, -1)}'. Keep a module's way back to its owner in a #private field.`,
    )
  }
  for (const [name, part] of partsOf(root)) {
    const path = prefix + name
    if (visit(path, part) && isModule(part)) walk(part, visit, `${path}.`, [...around, root])
  }
}
