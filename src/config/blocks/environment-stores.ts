import type { SecretText } from '../../artifact/deferred.ts'
import type { Block } from '../../hcl/ast.ts'
import { bool, bytes, duration, integer, oneOf, text } from '../decode/argument.ts'
import { type BodySpec, defaulted, optional, required, type Variant } from '../decode/body.ts'
import { secretMap, secretText } from '../decode/deferred.ts'
import { safeUrl } from '../decode/safe-url.ts'
import type { BlockSite } from '../decode/site.ts'
import { bucketArguments } from './bucket.ts'
import { encryptionBlock } from './encryption.ts'

const secretOrText = secretText({ plainAllowed: true })
const secret = secretText({ plainAllowed: false })

const encrypted = { encryption: encryptionBlock } as const

export const STATES = {
  sqlite: { arguments: { path: optional(text()), keep: optional(integer(1, 1000)) }, blocks: encrypted },
  http: {
    arguments: {
      address: required(safeUrl),
      lock_address: optional(safeUrl),
      unlock_address: optional(safeUrl),
      update_method: defaulted(oneOf(['POST', 'PUT']), 'POST'),
      lock_method: defaulted(oneOf(['LOCK', 'POST', 'PUT']), 'LOCK'),
      unlock_method: defaulted(oneOf(['UNLOCK', 'DELETE', 'POST', 'PUT']), 'UNLOCK'),
      username: optional(text()),
      password: optional(secret),
      headers: defaulted(secretMap, {}),
      retry_max: defaulted(integer(0, 20), 2),
      retry_wait_min: defaulted(duration, 1000),
      retry_wait_max: defaulted(duration, 30_000),
      skip_cert_verification: defaulted(bool, false),
      client_certificate_pem: optional(text()),
      client_private_key_pem: optional(secret),
      client_ca_certificate_pem: optional(text()),
    },
    blocks: encrypted,
  },
  postgres: {
    arguments: {
      url: required(secretOrText),
      schema: defaulted(text(), 'flowrun_state'),
      keep: optional(integer(1, 1000)),
      skip_schema_creation: defaulted(bool, false),
    },
    blocks: encrypted,
  },
  s3: { arguments: { ...bucketArguments, key: required(text()), keep: optional(integer(1, 1000)) }, blocks: encrypted },
} as const satisfies Readonly<Record<string, BodySpec>>

/** Where the state of an environment is: `state "postgres" { … }`. Named as it is written, for a saved plan keeps it. */
export type StateSettings = Variant<typeof STATES>
export type HttpStateSettings = Extract<StateSettings, { type: 'http' }>
export type PostgresStateSettings = Extract<StateSettings, { type: 'postgres' }>
export type S3StateSettings = Extract<StateSettings, { type: 's3' }>

export const CONTENTS = {
  inline: { arguments: {} },
  s3: { arguments: { ...bucketArguments, prefix: defaulted(text(), 'flowrun/'), min_bytes: defaulted(bytes, 8 * 1024) } },
} as const satisfies Readonly<Record<string, BodySpec>>

/** Where the contents of artifacts are: in the registry, or in a bucket. */
export type ContentSettings = Variant<typeof CONTENTS>
export type S3ContentSettings = Extract<ContentSettings, { type: 's3' }>
/** A bucket with who asks for it, of a state or of contents. */
export type BucketSettings = Pick<
  S3StateSettings,
  'bucket' | 'region' | 'endpoint' | 'force_path_style' | 'kms_key_id' | 'profile' | 'access_key' | 'secret_key'
>

export const SECRET_SOURCES = {
  env: { arguments: { prefix: defaulted(text(), '') } },
  file: { arguments: { path: required(text()) } },
} as const satisfies Readonly<Record<string, BodySpec>>

/** Where secrets are looked for. */
export type SecretSource = Variant<typeof SECRET_SOURCES>

const CACHE_BYTES = 1e9

export const CACHES = {
  sqlite: { arguments: { path: optional(text()), max_bytes: defaulted(bytes, CACHE_BYTES) } },
  redis: { arguments: { url: required(secretOrText), prefix: defaulted(text(), 'flowrun:') } },
} as const satisfies Readonly<Record<string, BodySpec>>

/** Where answers are cached; in Redis, rate limits and circuit breakers are shared too. */
export type CacheSettings = Variant<typeof CACHES>

/** What an environment without a `cache` block has. */
export const USUAL_CACHE: CacheSettings = Object.freeze({ type: 'sqlite', max_bytes: CACHE_BYTES })

/** The stores of an environment, and where their credentials are looked for: what opening them takes. */
export interface StoreSettings {
  readonly state: StateSettings
  readonly content: ContentSettings
  /** In order; the process environment and the project's own file when none is given. */
  readonly secrets?: readonly SecretSource[]
}

/** Text of a setting that may be a secret. */
export type SettingText = string | SecretText

/** LOCK-1: without a lock two writes at once are told apart only by a server that gives ETags, and nobody knows beforehand. */
export function warnOfMissingLock(block: Block, { address, lock_address }: HttpStateSettings, site: BlockSite): void {
  if (lock_address !== undefined) return
  site.report.warning({
    code: 'state/without-lock',
    summary: 'The state is kept without a lock',
    detail:
      'Two commands that write it at once may lose what one of them wrote, unless the server answers with ETags. Releases are safe in any case. ' +
      `If the server has locks, write lock_address = "${new URL(address).origin}/…".`,
    subject: block.headerRange,
    where: site.where,
  })
}
