import type { Closure } from '../../artifact/closure.ts'
import type { PromptSpec } from '../../artifact/prompt.ts'
import { followedReferences, memberKey, pinnedReferences } from '../../artifact/references.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import type { CachePolicy } from '../../gateway/call.ts'
import { memberAt } from './target.ts'

/** How answers of a prompt are kept; undefined where it has no `cache`. @throws OperationError `run/unresolved` */
export function cachePolicyOf(closure: Closure, prompt: PromptSpec): CachePolicy | undefined {
  return prompt.cache && { ttlMs: prompt.cache.ttl_ms, scope: prompt.cache.scope, closure: closureDigest(closure, prompt) }
}

/** Of the prompt and all that it reaches but by its tiers: the models that answer have a part of their own in the key (CACHE-1). */
function closureDigest(closure: Closure, { tiers: _, ...prompt }: PromptSpec): Digest {
  const reached = new Map([[closure.address, memberAt(closure, closure.address).digest]])
  const queue: unknown[] = [prompt]
  for (const spec of queue) {
    const keys = [...followedReferences(spec), ...pinnedReferences(spec).map(memberKey)]
    for (const key of keys.filter(key => !reached.has(key))) {
      const { artifact, digest } = memberAt(closure, key)
      reached.set(key, digest)
      queue.push(artifact.spec)
    }
  }
  return digestOf(Object.fromEntries(reached))
}
