import { digestOfText } from '../../base/digest.ts'
import { type Envelope, open, seal } from '../../base/sealing.ts'
import type { StateCodec } from '../codec.ts'
import { stateWrite } from '../encoding.ts'
import { STATE_FORMAT } from '../state.ts'
import { cannotDecrypt } from './cannot-decrypt.ts'
import { decodeBody } from './decode.ts'
import type { StateKeys, StatePlace } from './state-keys.ts'

export interface EncryptingCodecOptions {
  readonly project: string
  /** What is written is under this key. */
  readonly current: StateKeys
  /** An earlier key: what is under it can still be read. */
  readonly previous?: StateKeys | undefined
}

/**
 * Writes states sealed, so that a store keeps their lineage and serial and nothing else that can be read. A state that is not
 * sealed is read all the same: the next write seals it.
 */
export function createEncryptingCodec({ project, current, previous }: EncryptingCodecOptions): StateCodec {
  const all = previous ? [current, previous] : [current]
  return {
    async encode(snapshot, expected, environment) {
      const plain = stateWrite(snapshot, expected)
      const place = { project, environment }
      const { lineage, serial } = snapshot
      const body = seal(plain.body, await current.create(place), { lineage, serial }, boundTo(place))
      return { ...plain, body, digest: digestOfText(body) }
    },
    decode: (body, environment) => decodeBody(body, environment, envelope => opened(envelope, { project, environment }, all)),
  }
}

/** @throws OperationError `state/cannot-decrypt`; of KMS when it cannot be asked. */
async function opened(envelope: Envelope, place: StatePlace, all: readonly StateKeys[]): Promise<string> {
  for (const keys of all) {
    const key = await keys.find(envelope.source, place)
    const plain = key && open(envelope, key, boundTo(place))
    if (plain) return plain.toString()
  }
  throw cannotDecrypt(place.environment, envelope.source, all)
}

/** Not stored, and the same for whoever opens: a sealed state cannot stand in for one of another place. */
function boundTo({ project, environment }: StatePlace) {
  return { project, environment, content: STATE_FORMAT }
}
