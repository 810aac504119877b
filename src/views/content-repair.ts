import type { ContentRepair } from '../operations/content-repair.ts'
import { formatCount } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'

const COLUMNS: readonly Column[] = [{ title: 'content' }, { title: 'was' }, { title: 'is' }]

/** What codes of damage say in one word. */
const PROBLEMS: Readonly<Record<string, string>> = {
  'content/missing': 'missing',
  'content/altered': 'altered',
  'content/cannot-decrypt': 'unreadable',
}

export function contentRepairText({ environment, checked, damaged }: ContentRepair, style: Style): string {
  if (damaged.length === 0) return `All contents of ${environment} are intact: ${formatCount(checked)} were read.\n`
  const rows = damaged.map(({ address, version, problem, repaired }) => [
    `${address}@${version}`,
    PROBLEMS[problem] ?? problem,
    repaired ? 'put back' : 'not in this working copy',
  ])
  const left = damaged.filter(({ repaired }) => !repaired).length
  const wayOut =
    left === 0
      ? ''
      : `\nCheck out a commit that has the others, and run this again there. Releases with their commits:\n  flowrun releases -e ${environment}\n`
  return `${tableLines(COLUMNS, rows, style).join('\n')}\n${wayOut}`
}

export function contentRepairJson({ environment, checked, damaged }: ContentRepair): string {
  return jsonDocument({
    environment,
    checked,
    damaged: damaged.map(({ address, version, digest, problem, repaired }) => ({ address, version, digest, problem, repaired })),
  })
}
