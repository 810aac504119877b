import type { Capability } from '../artifact/model.ts'
import type { PromptSpec } from '../artifact/prompt.ts'
import type { SourceRange } from '../diagnostics/source.ts'
import type { Block } from '../hcl/ast.ts'
import { traversalsOf } from '../hcl/walk.ts'
import { argumentRange, nestedBlock } from './blocks/argument-range.ts'

/** What a prompt asks of every model that may answer it. */
export interface Need {
  /** Any one of them is enough. */
  readonly anyOf: readonly [Capability, ...Capability[]]
  /** `structured output`, as a message says it. */
  readonly what: string
  readonly because: SourceRange
}

export function needsOf(block: Block, spec: PromptSpec): readonly Need[] {
  const output = nestedBlock(block, 'output')
  const structured: readonly Need[] =
    spec.output && output ? [{ anyOf: ['json_schema', 'json_mode'], what: 'structured output', because: output.typeRange }] : []
  return [...structured, ...fileNeeds(block, spec)]
}

/** Of each input that is a file, or has files in it. */
function fileNeeds(block: Block, { input: schema }: PromptSpec): readonly Need[] {
  const input = nestedBlock(block, 'input')
  if (input === undefined) return []
  if (hasFiles(input)) return [{ ...ANY_FILE, because: argumentRange(input, 'type') ?? input.typeRange }]
  return input.body.items.flatMap((field): readonly Need[] => {
    if (field.kind !== 'block' || field.type !== 'field' || !hasFiles(field)) return []
    const properties = (schema?.properties ?? {}) as Readonly<Record<string, { readonly 'x-accept'?: readonly string[] } | undefined>>
    const accept = properties[field.labels[0]?.text ?? '']?.['x-accept'] ?? []
    return mediaNeeds(accept).map(need => ({ ...need, because: field.headerRange }))
  })
}

/** `type = file`, `list(file)`, `object({ page = file })`. */
function hasFiles(block: Block): boolean {
  const type = block.body.items.find(item => item.kind === 'attribute' && item.name === 'type')
  return type?.kind === 'attribute' && traversalsOf(type.expression).some(({ root }) => root === 'file')
}

type MediaNeed = Pick<Need, 'anyOf' | 'what'>

const ANY_FILE: MediaNeed = { anyOf: ['images', 'files', 'audio'], what: 'files as input' }
const IMAGES: MediaNeed = { anyOf: ['images'], what: 'images as input' }
const AUDIO: MediaNeed = { anyOf: ['audio'], what: 'audio as input' }
const DOCUMENTS: MediaNeed = { anyOf: ['files'], what: 'documents as input' }

/** All that is accepted may come: a model for pictures alone does not do where documents are accepted too. */
function mediaNeeds(accept: readonly string[]): readonly MediaNeed[] {
  if (accept.length === 0 || accept.some(type => type.startsWith('*'))) return [ANY_FILE]
  return [...new Set(accept.map(mediaNeed))]
}

function mediaNeed(type: string): MediaNeed {
  if (type.startsWith('image/')) return IMAGES
  return type.startsWith('audio/') ? AUDIO : DOCUMENTS
}
