import type { ProviderType } from '../../src/artifact/provider.ts'

/** What the table of providers in the docs has a column for. */
export const FEATURES = [
  'text',
  'streaming',
  'typed answers',
  'tool calls',
  'images',
  'PDF files',
  'reasoning effort',
  'thoughts',
  'cached input',
  'embeddings',
] as const
export type Feature = (typeof FEATURES)[number]
export type Support = 'yes' | 'no'

/** Where it stands, between these two comments. */
export const TABLE_BEGIN = '<!-- providers: written by test/gateway/provider-contract.test.ts -->'
export const TABLE_END = '<!-- providers: end -->'

/** As it stands in the docs, in Markdown. */
export function providerTable(seen: ReadonlyMap<ProviderType, ReadonlyMap<Feature, Support>>): string {
  const rows = [...seen].map(([type, features]) => [`\`${type}\``, ...FEATURES.map(feature => features.get(feature) ?? '–')])
  const cells = [['type', ...FEATURES], ['---', ...FEATURES.map(() => ':-:')], ...rows]
  return `${TABLE_BEGIN}\n\n${cells.map(row => `| ${row.join(' | ')} |`).join('\n')}\n\n${TABLE_END}`
}

/** The same text with this table in place of the one that it has. */
export function withProviderTable(text: string, table: string): string {
  const begin = text.indexOf(TABLE_BEGIN)
  const end = text.indexOf(TABLE_END)
  if (begin < 0 || end < begin) throw new Error(`no ${TABLE_BEGIN} … ${TABLE_END}`)
  return text.slice(0, begin) + table + text.slice(end + TABLE_END.length)
}
