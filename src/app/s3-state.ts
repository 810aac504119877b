import { openBuckets } from '../aws/bucket.ts'
import { compact } from '../base/compact.ts'
import type { S3StateSettings } from '../config/blocks/environment-stores.ts'
import type { StateBackend } from '../state/backend.ts'
import { createS3StateBackend } from '../state/backends/s3.ts'
import { bucketAccess } from './bucket-access.ts'
import type { StateHost } from './state-host.ts'

export async function openS3State(settings: S3StateSettings, host: StateHost): Promise<StateBackend> {
  const { project, clock, codec } = host
  const access = await bucketAccess(settings, host.text)
  const buckets = await openBuckets(compact({ ...access, encryptionKeyId: settings.kms_key_id }))
  const bucket = buckets.bucket(settings.bucket)
  const { key, keep } = settings
  return createS3StateBackend({ bucket, key, project, clock, codec, onClose: buckets.close, ...(keep === undefined ? {} : { keep }) })
}
