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

/** As it stands in the docs, in Markdown. */
export function providerTable(seen: ReadonlyMap<ProviderType, ReadonlyMap<Feature, Support>>): string {
  const rows = [...seen].map(([type, features]) => [`\`${type}\``, ...FEATURES.map(feature => features.get(feature) ?? '–')])
  return [['type', ...FEATURES], ['---', ...FEATURES.map(() => '---')], ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
