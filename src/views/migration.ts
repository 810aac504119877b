import type { MigratedEnvironment, Migration } from '../operations/state/migrate.ts'
import { formatCount } from './format-number.ts'
import { jsonDocument } from './json-document.ts'

/** What is about to move, above the question. */
export function migrationText({ environment, from, to, serial, blocks }: Migration): string {
  return (
    `State of ${environment}: serial ${serial}, ${formatCount(blocks)} block${blocks === 1 ? '' : 's'}\n` +
    `  from  ${from}\n  to    ${to}\n\nIt is copied, and read back; what is in the old place stays there.\n`
  )
}

export function migratedText(environments: readonly MigratedEnvironment[]): string {
  return environments.map(migrated => `${lineOf(migrated)}\n`).join('')
}

function lineOf({ environment, outcome, from, to, serial }: MigratedEnvironment): string {
  switch (outcome) {
    case 'in-place':
      return `The state of ${environment} is where the configuration says: ${to}.`
    case 'moved':
      return `Moved the state of ${environment} to ${to}: serial ${serial}.`
    case 'found':
      return `The state of ${environment} is in ${to} already: serial ${serial}. It is used from now on.`
    case 'nothing':
      return `There was no state of ${environment} in ${from}. ${to} is used from now on.`
    case 'declined':
      return `The state of ${environment} stays in ${from}. Nothing was changed.`
    case 'reconfigured':
      return `The state of ${environment} is in ${to} from now on.`
  }
}

export function migratedJson(environments: readonly MigratedEnvironment[]): string {
  return jsonDocument({
    states: environments.map(({ environment, outcome, from, to, serial }) => ({
      environment,
      outcome: outcome === 'in-place' ? 'in_place' : outcome,
      from: from ?? null,
      to,
      serial: serial ?? null,
    })),
  })
}
