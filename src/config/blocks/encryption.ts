import type { SecretText } from '../../artifact/deferred.ts'
import { compact } from '../../base/compact.ts'
import type { Block } from '../../hcl/ast.ts'
import { oneOf, text } from '../decode/argument.ts'
import { type BlockSpec, type BodySpec, type Decoded, decodeBody, optional, required } from '../decode/body.ts'
import { secretText } from '../decode/deferred.ts'
import { safeUrl } from '../decode/safe-url.ts'
import type { BlockSite } from '../decode/site.ts'
import { argumentRange } from './argument-range.ts'

/** The key of an encrypted state. Named as it is written, for a saved plan keeps it. */
export type EncryptionKeySettings =
  | { readonly key_provider: 'passphrase'; readonly passphrase: SecretText }
  | { readonly key_provider: 'kms'; readonly kms_key_id: string; readonly region?: string; readonly endpoint?: string }

/** The key that a state is written with, and an earlier one that it can still be read with. */
export type EncryptionSettings = EncryptionKeySettings & { readonly previous?: EncryptionKeySettings }

const keyArguments = {
  key_provider: required(oneOf(['passphrase', 'kms'])),
  passphrase: optional(secretText({ plainAllowed: false })),
  kms_key_id: optional(text()),
  region: optional(text()),
  // A data key comes back from there as it is.
  endpoint: optional(safeUrl),
} as const

const keyBody = { arguments: keyArguments } as const satisfies BodySpec

const previousBlock: BlockSpec<EncryptionKeySettings, false> = {
  labels: [],
  many: false,
  decode(block, site) {
    const decoded = decodeBody(block.body, keyBody, site, block)
    return decoded && keySettings(block, decoded, site)
  },
}

const encryptionBody = { arguments: keyArguments, blocks: { previous: previousBlock } } as const satisfies BodySpec

/** `encryption { … }` of a state. */
export const encryptionBlock: BlockSpec<EncryptionSettings, false> = {
  labels: [],
  many: false,
  decode(block, site) {
    const decoded = decodeBody(block.body, encryptionBody, site, block)
    const key = decoded && keySettings(block, decoded, site)
    return key && { ...key, ...compact({ previous: decoded?.previous }) }
  },
}

/** Each kind of key is given by arguments of its own. */
function keySettings(block: Block, decoded: Decoded<typeof keyBody>, site: BlockSite): EncryptionKeySettings | undefined {
  const { key_provider, passphrase, kms_key_id, region, endpoint } = decoded
  const others = key_provider === 'kms' ? { passphrase } : { kms_key_id, region, endpoint }
  const surplus = Object.entries(others).filter(([, value]) => value !== undefined)
  for (const [name] of surplus) refuse(block, name, key_provider, site)
  if (key_provider === 'kms') {
    if (kms_key_id === undefined) return missing(block, 'kms_key_id', 'kms_key_id = "alias/flowrun-state"', site)
    return surplus.length > 0 ? undefined : { key_provider, kms_key_id, ...compact({ region, endpoint }) }
  }
  if (passphrase === undefined) return missing(block, 'passphrase', 'passphrase = secret("STATE_PASSPHRASE")', site)
  return surplus.length > 0 ? undefined : { key_provider, passphrase }
}

function refuse(block: Block, name: string, provider: string, site: BlockSite): void {
  site.report.error({
    code: 'config/conflicting-arguments',
    summary: `A key from "${provider}" has no "${name}"`,
    detail: 'Remove it, or change key_provider: a state is written with one key. An earlier one stands in previous { … }.',
    subject: argumentRange(block, name) ?? block.headerRange,
    where: site.where,
  })
}

function missing(block: Block, name: string, example: string, site: BlockSite): undefined {
  site.report.error({
    code: 'config/missing-argument',
    summary: `The argument "${name}" is missing`,
    detail: `Add it: ${example}.`,
    subject: block.headerRange,
    where: site.where,
  })
}
