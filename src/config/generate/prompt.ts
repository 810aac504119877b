import type { MessageSpec, PromptSpec, TierSpec } from '../../artifact/prompt.ts'
import { prompt } from '../blocks/prompt.ts'
import { argument, type BodyItem, block } from './body.ts'
import { ioBlock } from './io.ts'
import { durationText, moneyText, paramsBlock, plainArguments, unlessDefault } from './model-blocks.ts'
import { deferredText, deferredValue, itemsText, referenceText } from './text.ts'

/** The arguments and blocks of a prompt that give this artifact. Texts stand in the block, whatever files they once came from. */
export function promptItems(spec: PromptSpec): readonly BodyItem[] {
  const { description, labels, tiers, history, cache } = spec
  const [only, more] = tiers
  const { system, messages, user } = splitMessages(spec.messages)
  return [
    ...plainArguments({ description, labels }),
    ...argument('model', only && more === undefined ? referenceText(only.model) : undefined),
    ...ioBlock('input', spec.input, spec.input_validation),
    ...argument('system', system?.text === undefined ? undefined : deferredText(system.text)),
    ...argument('history', history === undefined ? undefined : deferredValue(history)),
    ...messages.map(messageBlock),
    ...argument('user', user?.text === undefined ? undefined : deferredText(user.text)),
    ...ioBlock('output', spec.output, spec.output_validation),
    ...(more === undefined ? [] : tiers.map(tierBlock)),
    ...paramsBlock(spec.params),
    ...plainArguments({
      repair: unlessDefault(prompt.body, 'repair', spec.repair),
      on_truncated: unlessDefault(prompt.body, 'on_truncated', spec.on_truncated),
    }),
    ...argument('max_cost', moneyText(spec.max_cost_nano)),
    ...(cache === undefined ? [] : [cacheBlock(cache)]),
    ...argument('input_guards', spec.input_guards && itemsText(spec.input_guards.map(referenceText))),
    ...argument('output_guards', spec.output_guards && itemsText(spec.output_guards.map(referenceText))),
  ]
}

interface SplitMessages {
  readonly system: MessageSpec | undefined
  readonly messages: readonly MessageSpec[]
  readonly user: MessageSpec | undefined
}

/** `system` is always the first message, and `user` short for a last one of the user that is text alone. */
function splitMessages(all: readonly MessageSpec[]): SplitMessages {
  const [first] = all
  const last = all.at(-1)
  const system = first?.role === 'system' ? first : undefined
  const user = last?.role === 'user' && last.attachments === undefined ? last : undefined
  return { system, messages: all.slice(system ? 1 : 0, user ? -1 : undefined), user }
}

function messageBlock({ role, text, attachments }: MessageSpec): BodyItem {
  return block(`message "${role}"`, [
    ...argument('text', text === undefined ? undefined : deferredText(text)),
    ...argument('attachments', attachments === undefined ? undefined : attachmentsText(attachments)),
  ])
}

/** A list of files, or one expression that gives it. */
function attachmentsText(attachments: NonNullable<MessageSpec['attachments']>): string {
  return Array.isArray(attachments) ? itemsText(attachments.map(deferredValue)) : deferredValue(attachments as never)
}

function tierBlock({ model, escalate_on, escalate_when }: TierSpec): BodyItem {
  return block('tier', [
    ...argument('model', referenceText(model)),
    ...plainArguments({ escalate_on }),
    ...argument('escalate_when', escalate_when === undefined ? undefined : deferredValue(escalate_when)),
  ])
}

function cacheBlock({ ttl_ms, scope }: NonNullable<PromptSpec['cache']>): BodyItem {
  return block('cache', [...argument('ttl', durationText(ttl_ms)), ...plainArguments({ scope: scope === 'tenant' ? undefined : scope })])
}
