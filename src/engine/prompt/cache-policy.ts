import type { Closure } from '../../artifact/closure.ts'
import type { PromptSpec } from '../../artifact/prompt.ts'
import { followedReferences, memberKey, pinnedReferences, reachedFrom } from '../../artifact/references.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import type { CachePolicy } from '../../gateway/call.ts'
import { memberAt } from './target.ts'

/** How answers of a prompt are kept; undefined where it has no `cache`. @throws OperationError `run/unresolved` */
export function cachePolicyOf(closure: Closure, prompt: PromptSpec): CachePolicy | undefined {
  return prompt.cache && { ttlMs: prompt.cache.ttl_ms, scope: prompt.cache.scope, closure: closureDigest(closure, prompt) }
}

/** Of the prompt and all that it reaches but by its tiers: the models that answer have a part of their own in the key (CACHE-1). */
function closureDigest(closure: Closure, { tiers: _, ...prompt }: PromptSpec): Digest {
  const roots = [...followedReferences(prompt), ...pinnedReferences(prompt).map(memberKey)]
  const reached = new Map([[closure.address, memberAt(closure, closure.address)], ...reachedFrom(closure.members, roots)])
  return digestOf(Object.fromEntries([...reached].map(([key, { digest }]) => [key, digest])))
}
