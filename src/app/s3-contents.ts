import { compact } from '../base/compact.ts'
import type { S3ContentSettings } from '../config/blocks/environment-stores.ts'
import type { ContentStore } from '../registry/content-store.ts'
import { createS3Contents } from '../registry/s3-contents.ts'
import { bucketAccess } from './bucket-access.ts'
import type { StateHost } from './state-host.ts'

/** The endpoint of the settings is that of S3; another KMS than Amazon's is named by AWS_ENDPOINT_URL_KMS. */
export function openS3Contents(settings: S3ContentSettings, text: StateHost['text'], concurrency: number): ContentStore {
  const { bucket, prefix, min_bytes: minBytes, kms_key_id: keyId } = settings
  return createS3Contents({
    ...compact({ bucket, prefix, minBytes, keyId, concurrency }),
    openBuckets: async () => (await import('../aws/bucket.ts')).openBuckets(await bucketAccess(settings, text)),
    openKeys: async () => {
      const { region, profile, keys } = await bucketAccess(settings, text)
      return (await import('../aws/key-service.ts')).createKeyService(compact({ region, profile, keys }))
    },
  })
}
