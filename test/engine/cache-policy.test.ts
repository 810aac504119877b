import t from 'tap'
import type { Closure, ClosureMember } from '../../src/artifact/closure.ts'
import { ARTIFACT_FORMAT } from '../../src/artifact/envelope.ts'
import type { GuardSpec } from '../../src/artifact/guard.ts'
import type { PromptSpec } from '../../src/artifact/prompt.ts'
import { digestOf } from '../../src/base/digest.ts'
import { cachePolicyOf } from '../../src/engine/prompt/cache-policy.ts'
import { promptOf } from '../../src/engine/prompt/target.ts'
import { closureOf, providerSpec } from '../support/artifacts.ts'

const cached: Partial<PromptSpec> = { cache: { ttl_ms: 1000, scope: 'tenant' }, output_guards: [{ $ref: 'guard.advice' }] }

function guard(rubric: string): ClosureMember {
  const judge = { type: 'judge', action: 'block', model: { $ref: 'model.test' }, rubric, threshold: 0.5 } as const
  const spec: GuardSpec = { detectors: [judge], on_error: 'block' }
  const artifact = { format: ARTIFACT_FORMAT, kind: 'guard', refs: ['model.test'], secrets: [], spec } as const
  return { artifact, digest: digestOf(rubric) }
}

function closureDigest(prompt: Partial<PromptSpec>, model = {}, rubric = 'It is advice.'): string | undefined {
  const { address, members } = closureOf(prompt, model, providerSpec({ type: 'openai' }))
  const closure: Closure = { address, members: new Map([...members, ['guard.advice', guard(rubric)]]) }
  return cachePolicyOf(closure, promptOf(closure))?.closure
}

t.test('CACHE-1, ID-5: the closure of a cached prompt is what it says and how it is guarded', t => {
  const usual = closureDigest(cached)
  t.type(usual, 'string')
  t.equal(closureDigest({}), undefined, 'without a cache there is none')
  t.not(closureDigest({ ...cached, messages: [{ role: 'user', text: 'Goodbye.' }] }), usual)
  t.not(closureDigest({ ...cached, output: { type: 'string' } }), usual)
  t.not(closureDigest(cached, {}, 'It is medical advice.'), usual, 'another guard')
  t.not(closureDigest(cached, { id: 'newer' }), usual, 'the judge of a guard is another model')
  const { output_guards: _, ...unguarded } = cached
  t.equal(closureDigest(unguarded, { id: 'newer' }), closureDigest(unguarded), 'the models that answer have a part of their own in the key')
  t.end()
})
