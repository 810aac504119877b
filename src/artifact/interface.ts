import { type Digest, digestOf } from '../base/digest.ts'
import type { Artifact } from './envelope.ts'
import type { JsonSchema } from './json-schema.ts'

/**
 * Digest of what references to an artifact rely on (ID-3): the schemas of a prompt, the kind of a model. Capabilities
 * are not in it: a model that gains one still fits, and those that a prompt needs are checked one by one when it is
 * planned, through the whole chain.
 */
export function interfaceDigestOf(artifact: Artifact): Digest {
  switch (artifact.kind) {
    case 'provider':
      return digestOf({ kind: 'provider' })
    case 'model':
      return digestOf({
        kind: 'model',
        model: artifact.spec.kind,
        ...(artifact.spec.dimensions === undefined ? {} : { dimensions: artifact.spec.dimensions }),
      })
    case 'guard':
      return digestOf({ kind: 'guard' })
    case 'budget':
      return digestOf({ kind: 'budget' })
    case 'prompt':
    case 'tool':
      return flowInterface(artifact.kind, artifact.spec.input, artifact.spec.output)
    case 'workflow':
      return flowInterface('workflow', artifact.spec.input, artifact.spec.output?.schema)
  }
}

function flowInterface(kind: string, input: JsonSchema | undefined, output: JsonSchema | undefined): Digest {
  return digestOf({ kind, ...(input ? { input } : {}), ...(output ? { output } : {}) })
}
