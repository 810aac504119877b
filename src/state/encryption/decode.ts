import { type Envelope, readEnvelope, SEALED_FORMAT } from '../../base/sealing.ts'
import { decodeState, newerState, snapshotOf } from '../encoding.ts'
import type { StateSnapshot } from '../state.ts'
import { unknownEnvelope } from './cannot-decrypt.ts'

/**
 * Decodes a stored text, sealed or not. It is parsed once: that of 20,000 blocks has two megabytes.
 *
 * @param opened the plain text of an envelope.
 * @throws OperationError `state/newer-format`, `state/cannot-decrypt`; what `opened` throws.
 */
export async function decodeBody(
  body: string,
  environment: string,
  opened: (envelope: Envelope) => Promise<string>,
): Promise<StateSnapshot> {
  const stored: unknown = JSON.parse(body)
  const parsed = readEnvelope(stored)
  switch (parsed.kind) {
    case 'plain':
      return snapshotOf(stored, environment)
    case 'sealed':
      return decodeState(await opened(parsed.envelope), environment)
    case 'newer':
      throw newerState(environment, stored, SEALED_FORMAT)
    case 'malformed':
      throw unknownEnvelope(environment)
  }
}
