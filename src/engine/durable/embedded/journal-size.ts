import { jsonSize } from '../../../base/json-size.ts'
import type { StepError } from '../../interpreter/command.ts'
import type { StepRecord } from '../record-store.ts'
import type { DriveState } from './drive-state.ts'

/** Of what the steps of a run gave, as JSON, in UTF-16 units: whoever takes the run up reads it all again (RUN-8). */
export const MAX_JOURNAL_SIZE = 256 * 1024 * 1024

/** Counts a record, once, whoever wrote it. */
export function countStep(state: DriveState, { outcome }: StepRecord): void {
  if (outcome.status === 'succeeded') state.journalSize += jsonSize(outcome.attributes)
}

export function isOverfull({ journalSize, context }: DriveState): boolean {
  return journalSize > context.maxJournalSize
}

export function journalError({ context }: DriveState): StepError {
  const most = `${Math.floor(context.maxJournalSize / 1024 / 1024)} MB`
  return { code: 'run/journal-too-large', message: `Its steps gave more than ${most} together`, retryable: false }
}
