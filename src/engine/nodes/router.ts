import type { NodeArguments } from '../../artifact/workflow.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { defineNode, kindText, type NodeContext, NodeFailure, type Succeeded, through } from '../interpreter/behaviour.ts'
import { asCondition } from '../interpreter/readiness.ts'
import { effect } from './effect.ts'

type Given = NodeArguments['router']

/** Takes exactly one route. */
export const routerNode = defineNode<'router'>({
  begin(given, context) {
    if (given.kind === 'model') return effect(context, askedArguments(given, context))
    const route = given.kind === 'rules' ? routeByRules(given, context) : routeByWeight(given, context)
    const attributes = { route: route ?? given.default, matched: route !== undefined, confidence: null, reason: null }
    return through(attributes.route, attributes)
  },
  end: (outcome, given) => answeredRoute(outcome, given),
  defaultExit: given => given.default,
})

function routeByRules({ routes }: Given, context: NodeContext): string | undefined {
  return routes.find(({ name, when }) => asCondition(context.evaluate(when ?? null), `The condition of route "${name}"`))?.name
}

/** Sticky: the same key takes the same route for as long as the weights stay (blocks.md 4.3). */
function routeByWeight({ key, routes }: Given, { node, facts, evaluate, digest }: NodeContext): string | undefined {
  const value = evaluate(key ?? null)
  if (value === null) throw new NodeFailure('router/null-key', `The key of "${node.name}" is null, and nothing else can be sticky`)
  const total = routes.reduce((sum, { weight = 0 }) => sum + weight, 0)
  const point = fractionOf(digest(`${facts.flow}.node.${node.name} ${keyText(value)}`)) * total
  let below = 0
  return routes.find(({ weight = 0 }) => {
    below += weight
    return point < below
  })?.name
}

function keyText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** 48 bits of a digest, uniform in [0, 1). */
function fractionOf(digest: string): number {
  return Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + 12), 16) / 2 ** 48
}

function askedArguments({ text, key: _, ...given }: Given, { evaluate }: NodeContext): JsonObject {
  const question = evaluate(text ?? null)
  if (typeof question !== 'string') throw new NodeFailure('router/no-text', `"text" is ${kindText(question)}, and a model routes by text`)
  const routes = given.routes.map(({ name, description = '', examples = [] }) => ({ name, description, examples }))
  return { ...given, text: question, routes }
}

/** An answer outside of the routes, or one that is too unsure, is the default for want of a match. */
function answeredRoute(outcome: Succeeded, given: Given): Succeeded {
  const { exit, attributes } = outcome
  const isKnown = given.routes.some(({ name }) => name === exit)
  const isSure = typeof attributes.confidence !== 'number' || attributes.confidence >= (given.min_confidence ?? 0)
  if (isKnown && isSure) return { ...outcome, attributes: { matched: true, ...attributes, route: exit } }
  // The model may have chosen a default that is a name of its own.
  const matched = exit === given.default && isSure && attributes.matched === true
  return { ...outcome, exit: given.default, attributes: { ...attributes, route: given.default, matched } }
}
