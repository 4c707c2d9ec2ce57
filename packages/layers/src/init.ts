import type { Key } from '@ddnet/ops'
import { isCounter, isModule, isParameter, leavesOf, modulesOf, partsOf, type Root } from './discover.ts'
import type { Module } from './module.ts'
import { matcherOf, unknownName } from './name-pattern.ts'
import type { Initializer, Parameter } from './parameter.ts'

/**
 * Initialisers in the place of the layers' own: by dotted names of parameters, or of modules for all of theirs, in which `*` stands for any
 * characters, dots too (of several that fit, the last one counts); or a function that gives one, or undefined for the layer's own.
 */
export type InitRules =
  | Readonly<Record<string, Initializer>>
  | ((name: string, parameter: Parameter, owner: Module) => Initializer | undefined)

/**
 * Gives every parameter and buffer that has no value its first one, and leaves the others as they are: a new head on loaded
 * weights, for example. Each parameter draws from `key.fold(its name)`, the dotted name of checkpoints, so that what it gets
 * depends on no other one. Several models by name are initialised as one whose names begin with theirs.
 *
 * @param rules initialisers for some of the parameters, by pattern or by a function
 * @returns the same model
 * @throws Error for a parameter without an initializer; RangeError for a pattern that names no parameter
 * @example const model = init(new DDNet({ classes: 10 }), random.key(42))
 * @example init(model, key, { 'encoder.*.conv.weight': initializers.kaimingNormal(), '*.bias': initializers.zeros })
 * @example
 * init(model, key, (name, parameter, owner) =>
 *   owner instanceof Conv2d && parameter === owner.weight ? initializers.orthogonal() : undefined)
 */
export function init<M extends Root>(model: M, key: Key, rules: InitRules = {}): M {
  if (typeof key?.fold !== 'function') {
    throw new Error(`init: expected a key to draw from, as in init(model, random.key(42)), got ${String(key)}.`)
  }
  const leaves = leavesOf(model)
  const rule = ruleOf(model, rules)
  for (const [name, leaf] of leaves) {
    if (isCounter(leaf) || leaf.ready) continue
    leaf.initialize(key.fold(name), name, isParameter(leaf) ? rule(name, leaf) : undefined)
  }
  return model
}

function ruleOf(model: Root, rules: InitRules): (name: string, parameter: Parameter) => Initializer | undefined {
  if (typeof rules === 'function') {
    const owners = ownersOf(model)
    return (name, parameter) => rules(name, parameter, owners.get(parameter) as Module)
  }
  const names = leavesOf(model).flatMap(([name, leaf]) => (isParameter(leaf) ? [name] : []))
  const matchers = Object.entries(rules).map(([pattern, initializer]) => {
    const matcher = matcherOf(pattern)
    if (!names.some((name) => matcher.test(name))) throw unknownName('init', pattern, model, names)
    return { matcher, initializer }
  })
  return (name) => matchers.findLast(({ matcher }) => matcher.test(name))?.initializer
}

/** The module in whose fields each parameter is. */
function ownersOf(model: Root): Map<Parameter, Module> {
  const owners = new Map<Parameter, Module>()
  for (const module of modulesOf(model).values()) {
    for (const part of partsOf(module).values()) {
      if (!isModule(part) && isParameter(part) && !owners.has(part)) owners.set(part, module)
    }
  }
  return owners
}
