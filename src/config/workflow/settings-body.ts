import type { Expression } from '../../hcl/ast.ts'
import { duration, integer, oneOf, strings } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, type Decoded, defaulted, optional, required, single } from '../decode/body.ts'
import { deferredBool, deferredJson } from '../decode/deferred.ts'

/** Read before the nodes are decoded: they are the edges of the graph. */
const untouched: ArgumentDecoder<Expression> = site => site.attribute.expression

const retryBody = {
  arguments: {
    max_attempts: defaulted(integer(1, 10), 1),
    initial: defaulted(duration, 1_000),
    max: defaulted(duration, 60_000),
    on: optional(strings()),
  },
} as const satisfies BodySpec

const onErrorBody = {
  arguments: {
    action: defaulted(oneOf(['fail', 'default', 'exit']), 'fail'),
    value: optional(deferredJson),
    codes: optional(strings()),
  },
} as const satisfies BodySpec

const cacheBody = {
  arguments: { ttl: required(duration), scope: defaulted(oneOf(['tenant', 'environment']), 'tenant') },
} as const satisfies BodySpec

/** What every node takes (blocks.md 4.2). */
export const NODE_ARGUMENTS = {
  on: optional(untouched),
  after: optional(untouched),
  when: optional(deferredBool),
  timeout: optional(duration),
} as const

export const NODE_BLOCKS = { retry: single(retryBody), on_error: single(onErrorBody), cache: single(cacheBody) } as const

const settingsBody = { arguments: NODE_ARGUMENTS, blocks: NODE_BLOCKS } as const satisfies BodySpec

/** The decoded form of what every node takes. */
export type NodeSettings = Decoded<typeof settingsBody>
