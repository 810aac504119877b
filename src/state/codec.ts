import type { StateVersion, StateWrite } from '../registry/release.ts'
import { stateWrite } from './encoding.ts'
import { cannotDecrypt } from './encryption/cannot-decrypt.ts'
import { decodeBody } from './encryption/decode.ts'
import type { StateSnapshot } from './state.ts'

/** Between a snapshot and the text that a store keeps. */
export interface StateCodec {
  /** The write that replaces `expected` by the snapshot (STA-4). An encrypted one can be read in its own environment alone. */
  encode(snapshot: StateSnapshot, expected: StateVersion | null, environment: string): Promise<StateWrite>
  /**
   * Decodes a text whose digest was verified.
   *
   * @throws OperationError `state/newer-format`; of an encrypted text what keeps it from being read.
   */
  decode(body: string, environment: string): Promise<StateSnapshot>
}

export const plainCodec: StateCodec = {
  encode: async (snapshot, expected) => stateWrite(snapshot, expected),
  decode: (body, environment) =>
    decodeBody(body, environment, async ({ source }) => {
      throw cannotDecrypt(environment, source, [])
    }),
}
