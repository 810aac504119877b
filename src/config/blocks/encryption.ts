import { oneOf, text } from '../decode/argument.ts'
import { type BodySpec, type Decoded, optional, required, single } from '../decode/body.ts'
import { secretText } from '../decode/deferred.ts'

const keyArguments = {
  key_provider: required(oneOf(['passphrase', 'kms'])),
  passphrase: optional(secretText({ plainAllowed: false })),
  kms_key_id: optional(text()),
  region: optional(text()),
  endpoint: optional(text()),
} as const

const previousBody = { arguments: keyArguments } as const satisfies BodySpec

/** `encryption { … }` of a state: the key that it is written with, and an earlier one that can still be read. */
export const encryptionBody = { arguments: keyArguments, blocks: { previous: single(previousBody) } } as const satisfies BodySpec

export type EncryptionSettings = Decoded<typeof encryptionBody>
export type EncryptionKeySettings = Decoded<typeof previousBody>
