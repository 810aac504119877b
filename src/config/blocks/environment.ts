import type { Block, Expression } from '../../hcl/ast.ts'
import { bool, integer, text } from '../decode/argument.ts'
import { type ArgumentDecoder, type BodySpec, decodeBody, defaulted, optional, repeated, single } from '../decode/body.ts'
import type { BlockSite } from '../decode/site.ts'

/** A name with a state, a target and values of variables. */
export interface Environment {
  readonly name: string
  readonly protected: boolean
  /** Not evaluated here: the variable's type decides how. */
  readonly variables: ReadonlyMap<string, Expression>
  readonly target: { readonly type: 'embedded'; readonly path?: string }
  readonly state: { readonly type: 'sqlite'; readonly path?: string; readonly keep?: number }
  /** Where secrets are looked for, in order; the process environment when none is given. */
  readonly secrets?: readonly SecretSource[]
}

export type SecretSource = { readonly type: 'env'; readonly prefix: string } | { readonly type: 'file'; readonly path: string }

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

const environmentBody = {
  arguments: {
    description: optional(text()),
    variables: defaulted(variableExpressions, new Map()),
    protected: defaulted(bool, false),
  },
  blocks: {
    target: single({ arguments: { path: optional(text()) } }, ['type']),
    state: single({ arguments: { path: optional(text()), keep: optional(integer(1, 1000)) } }, ['type']),
    secrets: repeated({ arguments: { prefix: optional(text()), path: optional(text()) } }, ['type']),
  },
} as const satisfies BodySpec

const LABELS = { target: ['embedded'], state: ['sqlite'], secrets: ['env', 'file'] } as const

export function decodeEnvironment(block: Block, name: string, site: BlockSite): Environment | undefined {
  checkTypes(block, site)
  const decoded = decodeBody(block.body, environmentBody, site, block)
  if (decoded === undefined) return undefined
  for (const { labels, block: source, content } of decoded.secrets)
    if (labels[0] === 'file' && content.path === undefined) reportNoPath(source, site)
  const { path: statePath, keep } = decoded.state ?? {}
  const secrets = decoded.secrets.flatMap(({ labels, content }): readonly SecretSource[] =>
    labels[0] === 'file'
      ? content.path === undefined
        ? []
        : [{ type: 'file', path: content.path }]
      : [{ type: 'env', prefix: content.prefix ?? '' }],
  )
  return {
    name,
    protected: decoded.protected,
    variables: decoded.variables,
    target: { type: 'embedded', ...(decoded.target?.path === undefined ? {} : { path: decoded.target.path }) },
    state: { type: 'sqlite', ...(statePath === undefined ? {} : { path: statePath }), ...(keep === undefined ? {} : { keep }) },
    ...(secrets.length > 0 ? { secrets } : {}),
  }
}

function reportNoPath(source: Block, site: BlockSite): void {
  site.report.error({
    code: 'config/missing-argument',
    summary: 'The argument "path" is missing',
    detail: 'Add it: path = ".flowrun/secrets".',
    subject: source.headerRange,
    where: site.where,
  })
}

function checkTypes(block: Block, site: BlockSite): void {
  for (const item of block.body.items) {
    if (item.kind !== 'block' || !(item.type in LABELS)) continue
    const allowed: readonly string[] = LABELS[item.type as keyof typeof LABELS]
    const [label] = item.labels
    if (label === undefined || allowed.includes(label.text)) continue
    site.report.error({
      code: 'config/not-one-of',
      summary: `"${label.text}" is not a kind of ${item.type}`,
      detail: `It may be ${allowed.join(' or ')}.`,
      subject: label.range,
      where: site.where,
    })
  }
}
