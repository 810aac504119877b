import type { Artifact } from '../artifact/envelope.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { Lifecycle } from './lifecycle.ts'

/** Where an argument or block of the configuration is kept in the spec, if not under its own name with a unit or none. */
const SPEC_KEYS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  provider: { latency: ['simulation'], seed: ['simulation'], answer: ['simulation'], fault: ['simulation'] },
  model: {},
  prompt: {
    model: ['tiers'],
    tier: ['tiers'],
    input: ['input', 'input_validation'],
    output: ['output', 'output_validation'],
    system: [],
    user: [],
    message: [],
  },
  tool: {},
  workflow: {
    input: ['input', 'input_validation'],
    node: ['nodes'],
    edge: ['nodes'],
  },
}
const UNITS = ['', '_ms', '_nano'] as const

/**
 * What `ignore_changes` makes of a spec: the published value of the named arguments, or all of what is published
 * (blocks.md 1.9). What was not published has nothing to keep.
 */
export function keepIgnored(
  kind: Artifact['kind'],
  spec: object,
  published: Artifact | undefined,
  ignored: Lifecycle['ignoreChanges'],
): object {
  if (published === undefined || published.kind !== kind) return spec
  if (ignored === 'all') return published.spec
  const names = new Set(ignored)
  const kept = withKeysOf(
    spec,
    published.spec,
    [...names].flatMap(name => SPEC_KEYS[kind]?.[name] ?? UNITS.map(unit => name + unit)),
  )
  return published.kind === 'prompt'
    ? { ...kept, messages: keptMessages(kept as PromptSpec, published.spec, names) }
    : published.kind === 'model'
      ? { ...kept, sources: withKeysOf((kept as typeof published.spec).sources, published.spec.sources, [...names]) }
      : kept
}

/** The object with these members as the other has them, or has them not. */
function withKeysOf<T extends object>(own: T, other: object, keys: readonly string[]): T {
  const taken = new Set(keys)
  const members = Object.entries(own).filter(([key]) => !taken.has(key))
  return Object.fromEntries([...members, ...Object.entries(other).filter(([key]) => taken.has(key))]) as T
}

/** `system` is the first message; `user` and `message` are the others. */
function keptMessages(own: PromptSpec, published: PromptSpec, names: ReadonlySet<string>): PromptSpec['messages'] {
  const system = (names.has('system') ? published : own).messages.filter(({ role }) => role === 'system')
  const others = (names.has('user') || names.has('message') ? published : own).messages.filter(({ role }) => role !== 'system')
  return [...system, ...others]
}
