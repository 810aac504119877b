import type { KeyObject } from 'node:crypto'
import type { KeySource, SealingKey } from '../../base/sealing.ts'

/** Which state a key is for. KMS writes it into its log. */
export interface StatePlace {
  readonly project: string
  readonly environment: string
}

/** Where keys of states come from: one passphrase, or one key of KMS. Nothing is derived or asked before it is needed. */
export interface StateKeys {
  readonly provider: KeySource['provider']
  /** As messages name it: `the passphrase`, `the KMS key alias/flowrun-state`. */
  readonly name: string
  /** A key to write with. */
  create(place: StatePlace): Promise<SealingKey>
  /** The key of an envelope; undefined when it is surely not of here. */
  find(source: KeySource, place: StatePlace): Promise<KeyObject | undefined>
}
