import type { JsonValue } from '../base/json.ts'
import type { EnvironmentStanding, Standing } from '../operations/environments.ts'
import { diagnosticJson } from './diagnostic-json.ts'
import { formatCount, formatMoment } from './format-number.ts'
import { jsonDocument } from './json-document.ts'
import type { Style } from './style.ts'
import { type Column, tableLines } from './table.ts'

const COLUMNS: readonly Column[] = [
  { title: 'environment' },
  { title: 'target', dropOrder: 2 },
  { title: 'state', dropOrder: 3 },
  { title: 'release', isNumber: true },
  { title: 'made', dropOrder: 1 },
  { title: 'drift' },
  { title: 'lock' },
]

/** A row each; under the table, why one could not be read. */
export function environmentsText(environments: readonly EnvironmentStanding[], style: Style): string {
  const { dash } = style.glyphs
  const rows = environments.map(({ name, target, state, standing }) => [name, target, state, ...standingCells(standing, dash)])
  const problems = environments.flatMap(({ name, standing }) =>
    standing.kind === 'unreachable' ? [`${name}: ${standing.diagnostic.summary}  [${standing.diagnostic.code}]`] : [],
  )
  const lines = tableLines(COLUMNS, rows, style)
  return `${[...lines, ...(problems.length > 0 ? ['', ...problems] : [])].join('\n')}\n`
}

function standingCells(standing: Standing, dash: string): readonly string[] {
  if (standing.kind === 'unreachable') return ['unknown', '', 'cannot be read', '']
  const { release, drift, lock } = standing
  return [
    release ? formatCount(release.number) : dash,
    release ? formatMoment(release.createdAtMs) : '',
    drift === undefined ? dash : drift === 0 ? 'none' : `${formatCount(drift)} ${drift === 1 ? 'block' : 'blocks'}`,
    lock ? `${lock.user}, ${lock.operation}` : '',
  ]
}

export function environmentsJson(environments: readonly EnvironmentStanding[]): string {
  return jsonDocument({
    environments: environments.map(({ name, isDefault, isProtected, target, state, standing }) => ({
      name,
      default: isDefault,
      protected: isProtected,
      target: { type: target },
      state: { type: state },
      ...standingJson(standing),
    })),
  })
}

function standingJson(standing: Standing): { readonly [key: string]: JsonValue } {
  if (standing.kind === 'unreachable') return { release: null, drift: null, lock: null, error: diagnosticJson(standing.diagnostic) }
  const { release, drift, lock } = standing
  return {
    release: release ? { number: release.number, kind: release.kind, at: new Date(release.createdAtMs).toISOString() } : null,
    drift: drift ?? null,
    lock: lock
      ? {
          id: lock.id,
          user: lock.user,
          host: lock.host,
          pid: lock.pid,
          operation: lock.operation,
          since: new Date(lock.sinceMs).toISOString(),
        }
      : null,
  }
}
