import type { EffectCommand } from '../../interpreter/command.ts'
import type { DriveState } from './drive-state.ts'
import { record } from './flight.ts'
import { settle } from './wait-steps.ts'

/**
 * A run that ends names the effects of which nobody knows whether they were done: those that were under way when a process
 * died, and those that a person has not ended the doubt about (CAN-1, STEP-5).
 */
export async function recordUnknown(state: DriveState): Promise<void> {
  const asked = [...state.parked.values(), ...state.interpretation.take()]
  const effects = asked.filter((command): command is EffectCommand => 'replay' in command && command.replay === 'once')
  for (const command of effects) {
    const attempt = state.attempts.get(command.path)?.at(-1)
    const isOpen = attempt !== undefined && attempt.endedAtMs === undefined
    if (!isOpen && state.waits.get(command.path)?.kind !== 'unknown') continue
    if (attempt === undefined || state.flights.has(command.path)) continue
    const message = await record(state, { command, attempt }, { outcome: { status: 'unknown' }, costNano: null })
    if (message.type === 'recorded') settle(state, message.kept)
  }
}
