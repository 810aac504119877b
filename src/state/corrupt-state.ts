import { digestOfText, shortDigest } from '../base/digest.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { SnapshotSummary } from './backend.ts'
import type { StoredText } from './encoding.ts'
import { onEnvironment } from './environment-hint.ts'

export interface CorruptState {
  /** As a person would name it: `.flowrun/state.db`. */
  readonly store: string
  readonly environment: string
  /** What does not match its digest. */
  readonly found: StoredText & { readonly serial: number }
  /** Newest first: what could be gone back to. */
  readonly history: readonly SnapshotSummary[]
  /** The environment's release, where the store knows the registry. */
  readonly release?: number
}

/** The failure `state/corrupt`, with both digests and the way back. */
export function corruptState({ store, environment, found, history, release }: CorruptState): OperationError {
  const intact = history.find(snapshot => snapshot.intact && snapshot.serial < found.serial)
  const safe = `Your deployed prompts are safe: they live in the registry${release ? ` (${environment}@${release})` : ''}.`
  const wayOut = intact
    ? `The snapshot before this one is intact: serial ${intact.serial}, ${moment(intact.writtenAtMs)}, ${counted(intact.blocks, 'block')}. ` +
      `To go back to it:\n  flowrun state restore${onEnvironment(environment)} ${intact.serial}\n` +
      (release ? `The next plan then finds what release ${release} did, and adopts it.\n` : '')
    : `No earlier snapshot is intact. To rebuild the state from the registry:\n  flowrun state recover${onEnvironment(environment)}\n`
  return new OperationError({
    code: 'state/corrupt',
    summary: `The state of ${environment} cannot be read`,
    detail:
      `${store}: the snapshot with serial ${found.serial} does not match its digest\n` +
      `    · expected ${shortDigest(found.digest)}\n    · found    ${shortDigest(digestOfText(found.body))}\n\n${safe} ${wayOut}Nothing was changed.`,
  })
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function moment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}
