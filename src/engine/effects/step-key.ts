import type { Closure } from '../../artifact/closure.ts'
import type { Reference } from '../../artifact/deferred.ts'
import { memberKey, reachedFrom } from '../../artifact/references.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import type { JsonValue } from '../../base/json.ts'
import type { CacheableChild } from '../durable/child-cache.ts'
import type { RunRecord } from '../durable/record-store.ts'
import type { EffectCommand, StepCachePolicy } from '../interpreter/command.ts'

/** A step that may be kept. */
export type CacheableCommand = CacheableChild | (EffectCommand & { readonly cache: StepCachePolicy })

/**
 * The name of an outcome: what is called with all that it reaches, content and version, what it is given, and for whom (blocks.md 4.2).
 * Neither the workflow nor the node is in it: the same call elsewhere is the same.
 */
export function stepKey(command: CacheableCommand, run: RunRecord, { members }: Closure): Digest {
  const { scope } = command.cache
  const reached = reachedFrom(members, calledKeys(command))
  return digestOf({
    format: 'step/1',
    environment: run.environment,
    tenant: scope === 'tenant' ? (run.session.tenant ?? null) : null,
    type: command.type === 'child' ? 'flow' : command.nodeType,
    called: Object.fromEntries([...reached].map(([key, { digest, version }]) => [key, [digest, version ?? null]])),
    given: command.type === 'child' ? { flow: command.flow, input: command.input } : command.arguments,
  })
}

/** What a step calls, as people know it: `prompt.answer`. */
export function calledAddress(command: CacheableCommand): string {
  return calledKeys(command)[0] ?? command.node
}

/** References stand in arguments of these names; what is under others is data. */
const CALLED = ['prompt', 'tool', 'guard', 'model'] as const

function calledKeys(command: CacheableCommand): readonly string[] {
  if (command.type === 'child') return [command.flow]
  return CALLED.flatMap(name => (isReference(command.arguments[name]) ? [memberKey(command.arguments[name])] : []))
}

function isReference(value: JsonValue | undefined): value is JsonValue & Reference {
  return typeof value === 'object' && value !== null && '$ref' in value
}
