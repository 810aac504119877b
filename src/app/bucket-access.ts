import type { BucketAccess } from '../aws/bucket.ts'
import { compact } from '../base/compact.ts'
import type { BucketSettings } from '../config/blocks/environment-stores.ts'
import type { StateHost } from './state-host.ts'

/** Who asks for the bucket of a state or of contents: its keys are looked up now (SEC-1). */
export async function bucketAccess(settings: BucketSettings, text: StateHost['text']): Promise<BucketAccess> {
  const { region, endpoint, profile, force_path_style: forcePathStyle } = settings
  const [access, secret] = await Promise.all([
    settings.access_key === undefined ? undefined : text(settings.access_key),
    settings.secret_key === undefined ? undefined : text(settings.secret_key),
  ])
  const keys = access === undefined || secret === undefined ? undefined : { access, secret }
  return compact({ region, endpoint, profile, forcePathStyle, keys })
}
