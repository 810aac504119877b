import type { RouterArguments, RouteSpec } from '../../artifact/workflow.ts'
import { compact } from '../../base/compact.ts'
import type { Block } from '../../hcl/ast.ts'
import { LABEL } from '../address.ts'
import { argumentRange } from '../blocks/argument-range.ts'
import { integer, number, oneOf, strings, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, decodeBody, defaulted, type Labelled, optional, repeated } from '../decode/body.ts'
import { deferredBool, deferredText } from '../decode/deferred.ts'
import { checkName } from '../decode/name.ts'
import { reference } from '../decode/reference.ts'
import { findAttribute } from '../instances.ts'
import { ROUTER_ATTRIBUTES } from './attributes.ts'
import { MINUTE_MS, type NodeDefinition, type NodeSite } from './definition.ts'
import { NODE_ARGUMENTS, NODE_BLOCKS } from './settings-body.ts'

const routeBody = {
  arguments: {
    when: optional(deferredBool),
    description: optional(text()),
    examples: optional(strings()),
    weight: optional(integer(0)),
  },
} as const satisfies BodySpec

const body = {
  arguments: {
    ...NODE_ARGUMENTS,
    kind: defaulted(oneOf(['rules', 'model', 'weighted']), 'rules'),
    default: optional(text({ pattern: LABEL })),
    text: optional(deferredText),
    model: optional(reference('model')),
    min_confidence: optional(number({ min: 0, max: 1 })),
    key: optional(deferredText),
  },
  blocks: { ...NODE_BLOCKS, route: repeated(routeBody, ['name']) },
} as const satisfies BodySpec

type Kind = RouterArguments['kind']
type Router = Decoded<typeof body>
type Route = Labelled<Decoded<typeof routeBody>>

/** What the node and its routes say with each kind: needed, and allowed besides. */
const WORDS: Readonly<Record<Kind, { readonly node: readonly string[]; readonly route: string; readonly also: readonly string[] }>> = {
  rules: { node: [], route: 'when', also: [] },
  model: { node: ['text', 'model'], route: 'description', also: ['examples', 'min_confidence'] },
  weighted: { node: ['key'], route: 'weight', also: [] },
}

/** Takes exactly one route: by rules in order, by asking a model, or by weights. */
export const router: NodeDefinition = {
  type: 'router',
  summary: 'takes one of several routes',
  body,
  compile(block, site) {
    const before = site.report.errorCount
    const decoded = decodeBody(block.body, body, site, block)
    if (findAttribute(block, 'default') === undefined) reportNoDefault(block, site)
    if (decoded === undefined) return undefined
    checkWords(block, decoded, site)
    checkRoutes(block, decoded, site)
    const { kind, default: usual, route, text: input, model, min_confidence, key } = decoded
    if (site.report.errorCount > before || usual === undefined) return undefined
    const names = route.map(({ labels: [name = ''] }) => name)
    return {
      settings: decoded,
      arguments: compact({
        kind,
        default: usual,
        routes: route.map(({ labels: [name = ''], content }): RouteSpec => compact({ name, ...content })) as never,
        text: input,
        model,
        min_confidence: kind === 'model' ? (min_confidence ?? 0) : undefined,
        key,
      }),
      exits: { ordinary: names.includes(usual) ? names : [...names, usual], exceptional: [] },
      attributes: ROUTER_ATTRIBUTES,
      timeoutMs: MINUTE_MS,
      hasEffect: false,
      isCacheable: false,
    }
  },
}

function reportNoDefault(block: Block, site: NodeSite): void {
  site.report.error({
    code: 'router/no-default',
    summary: 'This router has no default',
    detail: 'It says where a run goes that no route is for: default = "NAME", which is a route, or a name of its own.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

/** Each kind has arguments of its own. */
function checkWords(block: Block, { kind, route }: Router, site: NodeSite): void {
  const words = WORDS[kind]
  for (const name of words.node) if (findAttribute(block, name) === undefined) reportMissing(name, block, kind, site)
  for (const written of route)
    if (findAttribute(written.block, words.route) === undefined) reportMissing(words.route, written.block, kind, site)
  const others = Object.values(WORDS).flatMap(({ node, route: own, also }) => [...node, own, ...also])
  const allowed = new Set([...words.node, words.route, ...words.also])
  for (const owner of [block, ...route.map(written => written.block)]) {
    for (const item of owner.body.items) {
      if (item.kind !== 'attribute' || allowed.has(item.name) || !others.includes(item.name) || (owner === block && item.name === 'when'))
        continue
      site.report.error({
        code: 'config/unsupported-argument',
        summary: `"${item.name}" means nothing to a router of the kind ${kind}`,
        detail: `Remove it, or write kind = "${kindOf(item.name)}".`,
        subject: item.nameRange,
        where: site.where,
        address: site.address,
      })
    }
  }
}

function kindOf(word: string): string {
  return Object.entries(WORDS).find(([, { node, route, also }]) => [...node, route, ...also].includes(word))?.[0] ?? 'rules'
}

function reportMissing(name: string, block: Block, kind: Kind, site: NodeSite): void {
  site.report.error({
    code: 'config/missing-argument',
    summary: `The argument "${name}" is missing`,
    detail: `A router of the kind ${kind} needs it.`,
    subject: block.headerRange,
    where: site.where,
    address: site.address,
  })
}

function checkRoutes(block: Block, { kind, route }: Router, site: NodeSite): void {
  const [first] = route
  if (first === undefined) {
    site.report.error({
      code: 'config/missing-argument',
      summary: 'This router has no route',
      detail: 'Add at least one: route "NAME" { … }.',
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
  const seen = new Map<string, Route>()
  for (const written of route) {
    const [label] = written.block.labels
    const known = label && seen.get(label.text)
    if (label === undefined || !checkName(label, site.report)) continue
    if (known) reportDuplicate(written.block, known.block, label.text, site)
    else seen.set(label.text, written)
  }
  if (kind === 'rules') warnUnreached(route, site)
  if (kind === 'weighted' && first && route.every(({ content }) => content.weight === 0)) {
    site.report.error({
      code: 'config/out-of-range',
      summary: 'All weights of this router are 0',
      detail: 'No route could be taken. Give at least one of them a weight above 0.',
      subject: argumentRange(first.block, 'weight') ?? block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
}

function reportDuplicate(block: Block, first: Block, name: string, site: NodeSite): void {
  site.report.error({
    code: 'config/duplicate-block',
    summary: `This router has two routes "${name}"`,
    detail: 'Rename one of them, or join their conditions with ||.',
    subject: block.headerRange,
    where: site.where,
    address: site.address,
    related: [{ range: first.headerRange, message: 'the first one' }],
  })
}

/** Rules are tried in order, so what follows one that always holds is never tried. */
function warnUnreached(routes: readonly Route[], site: NodeSite): void {
  const always = routes.findIndex(({ content }) => content.when === true)
  for (const [index, { labels, block, content }] of routes.entries()) {
    if (content.when !== false && (always < 0 || index <= always)) continue
    site.report.warning({
      code: 'router/unreached-route',
      summary: `Route "${labels[0]}" is never taken`,
      detail: content.when === false ? 'Its condition never holds.' : `Route "${routes[always]?.labels[0]}" before it always holds.`,
      subject: block.headerRange,
      where: site.where,
      address: site.address,
    })
  }
}
