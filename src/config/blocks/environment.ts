import type { Block, Expression } from '../../hcl/ast.ts'
import { bool, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, variant, variants } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'
import { checkKeyPair, warnOfReadableContents } from './bucket.ts'
import {
  CACHES,
  type CacheSettings,
  CONTENTS,
  SECRET_SOURCES,
  STATES,
  type StoreSettings,
  USUAL_CACHE,
  warnOfMissingLock,
} from './environment-stores.ts'

/** A name with a state, a target and values of variables. */
export interface Environment extends StoreSettings {
  readonly name: string
  readonly protected: boolean
  /** Not evaluated here: the variable's type decides how. */
  readonly variables: ReadonlyMap<string, Expression>
  readonly target: { readonly type: 'embedded'; readonly path?: string }
  readonly cache: CacheSettings
}

/** `variables = { tier = "large" }`: taken apart here, evaluated with the variables. */
const variableExpressions: ArgumentDecoder<ReadonlyMap<string, Expression>> = site => {
  const { expression } = site.attribute
  if (expression.kind !== 'object') {
    site.report.error({
      code: 'config/wrong-type',
      summary: 'The argument "variables" has the wrong type',
      detail: 'Write the values of variables as an object: variables = { tier = "large" }.',
      subject: expression.range,
      where: site.where,
    })
    return undefined
  }
  return new Map(expression.items.flatMap(({ key, value }) => (key.kind === 'literal' ? [[String(key.value), value] as const] : [])))
}

const TARGETS = { embedded: { arguments: { path: optional(text()) } } } as const

const environmentBody = {
  arguments: {
    description: optional(text()),
    variables: defaulted(variableExpressions, new Map()),
    protected: defaulted(bool, false),
  },
  blocks: {
    target: variant(TARGETS),
    state: variant(STATES),
    content: variant(CONTENTS),
    secrets: variants(SECRET_SOURCES),
    cache: variant(CACHES),
  },
} as const satisfies BodySpec

export function decodeEnvironment(block: Block, name: string, site: BlockSite): Environment | undefined {
  const decoded = decodeBody(block.body, environmentBody, site, block)
  if (decoded === undefined) return undefined
  const { state = { type: 'sqlite' }, content = { type: 'inline' }, target = { type: 'embedded' }, cache = USUAL_CACHE, secrets } = decoded
  const written = (type: string) => block.body.items.find((item): item is Block => item.kind === 'block' && item.type === type)
  checkStores({ state: written('state'), content: written('content') }, { state, content }, site)
  return {
    name,
    protected: decoded.protected,
    variables: decoded.variables,
    target,
    state,
    content,
    cache,
    ...(secrets.length > 0 ? { secrets } : {}),
  }
}

function checkStores(
  written: { readonly state: Block | undefined; readonly content: Block | undefined },
  { state, content }: Pick<StoreSettings, 'state' | 'content'>,
  site: BlockSite,
): void {
  if (written.state && state.type === 's3') checkKeyPair(written.state, state, site)
  if (written.state && state.type === 'http') warnOfMissingLock(written.state, state, site)
  if (written.content && content.type === 's3') {
    checkKeyPair(written.content, content, site)
    if (content.kms_key_id === undefined) warnOfReadableContents(written.content, content.bucket, site)
  }
}
