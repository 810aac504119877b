import type { SecretText } from '../../artifact/deferred.ts'
import type { Block } from '../../hcl/ast.ts'
import { bool, text } from '../decode/argument.ts'
import { defaulted, optional, required } from '../decode/body.ts'
import { secretText } from '../decode/deferred.ts'
import { safeUrl } from '../decode/safe-url.ts'
import type { BlockSite } from '../decode/site.ts'

const secret = secretText({ plainAllowed: false })

/** Where an S3 bucket is, and who asks: the usual places of AWS credentials unless keys are given. */
export const bucketArguments = {
  bucket: required(text()),
  region: optional(text()),
  endpoint: optional(safeUrl),
  force_path_style: defaulted(bool, false),
  kms_key_id: optional(text()),
  profile: optional(text()),
  access_key: optional(secret),
  secret_key: optional(secret),
} as const

interface KeyPair {
  readonly access_key?: SecretText | string
  readonly secret_key?: SecretText | string
}

/** Half of a pair signs nothing. */
export function checkKeyPair(block: Block, { access_key, secret_key }: KeyPair, site: BlockSite): void {
  if ((access_key === undefined) === (secret_key === undefined)) return
  const name = access_key === undefined ? 'access_key' : 'secret_key'
  site.report.error({
    code: 'config/missing-argument',
    summary: `The argument "${name}" is missing`,
    detail: `access_key and secret_key are written together: ${name} = secret("S3_${name.toUpperCase()}").`,
    subject: block.headerRange,
    where: site.where,
  })
}

/** A choice that is easily made without knowing. */
export function warnOfReadableContents(block: Block, bucket: string, site: BlockSite): void {
  site.report.warning({
    code: 'config/contents-readable',
    summary: `Whoever may read the bucket ${bucket} can read the prompts`,
    detail:
      'They are encrypted by the bucket alone. With kms_key_id = "alias/flowrun" each of them is encrypted with a key of its own ' +
      'before it is sent, and KMS decides, and records, who reads it.',
    subject: block.headerRange,
    where: site.where,
  })
}
