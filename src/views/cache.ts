import type { ModelStatistics } from '../gateway/cache/answer-cache.ts'
import type { ClearedAnswers, KeptAnswers } from '../operations/cache.ts'
import { formatBytes, formatCount, formatMoment, formatMoneys } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'
import { oneLine } from './versions.ts'

const COLUMNS: readonly Column[] = [
  { title: 'model' },
  { title: 'id', dropOrder: 2 },
  { title: 'answers', isNumber: true },
  { title: 'size', isNumber: true, dropOrder: 1 },
  { title: 'hits', isNumber: true },
  { title: 'saved', isNumber: true },
  { title: 'oldest', dropOrder: 3 },
]

/** A line for each model, and what all of it takes. */
export function cacheText({ environment, place, models, maxBytes }: KeptAnswers, style: Style): string {
  if (models.length === 0) return `No answers are kept in ${environment} (${place}).\n`
  const saved = formatMoneys(models.map(({ savedNano }) => savedNano))
  const rows = models.map(({ model, id, entries, bytes, hits, oldestMs }, index) => [
    oneLine(model),
    oneLine(id),
    formatCount(entries),
    formatBytes(bytes),
    formatCount(hits),
    saved[index] ?? '',
    formatMoment(oldestMs),
  ])
  const { entries, bytes } = total(models)
  const room = maxBytes === undefined ? '' : ` of at most ${formatBytes(maxBytes)}`
  return `${[
    `Answers kept in ${environment} (${place})`,
    '',
    ...tableLines(COLUMNS, rows, style),
    '',
    `${answersText(entries)}, ${formatBytes(bytes)}${room}`,
  ].join('\n')}\n`
}

function total(models: readonly ModelStatistics[]): { readonly entries: number; readonly bytes: number } {
  return {
    entries: models.reduce((sum, { entries }) => sum + entries, 0),
    bytes: models.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

function answersText(count: number): string {
  return `${formatCount(count)} ${count === 1 ? 'answer' : 'answers'}`
}

/** `12 answers were cleared in dev, 31 KB. Equal calls ask a model again.` */
export function clearedText({ environment, model, entries, bytes, suggestions }: ClearedAnswers): string {
  const whose = model === undefined ? '' : ` of ${model}`
  if (entries > 0) {
    const were = entries === 1 ? 'was' : 'were'
    return `${answersText(entries)}${whose} ${were} cleared in ${environment}, ${formatBytes(bytes)}. Equal calls ask a model again.\n`
  }
  const near = suggestions.length > 0 ? ` Did you mean ${suggestions.join(' or ')}?` : ''
  return `Nothing was cleared: no such answer${whose} is kept in ${environment}.${near}\n`
}

/** schemas/output/cache.schema.json */
export function cacheJson({ environment, place, models, maxBytes }: KeptAnswers): string {
  return jsonDocument({
    environment,
    place,
    max_bytes: maxBytes ?? null,
    models: models.map(({ model, id, entries, bytes, hits, savedNano, oldestMs }) => ({
      model,
      id,
      answers: entries,
      bytes,
      hits,
      saved_nano_usd: savedNano,
      oldest: new Date(oldestMs).toISOString(),
    })),
  })
}

/** schemas/output/cache-clear.schema.json */
export function clearedJson({ environment, model, entries, bytes }: ClearedAnswers): string {
  return jsonDocument({ environment, model: model ?? null, answers: entries, bytes })
}
