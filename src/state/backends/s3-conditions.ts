import type { Bucket, PutCondition } from '../../aws/bucket.ts'
import { isNotImplemented } from '../../aws/bucket-failure.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'

const PROBE = '{"flowrun":"This object shows whether the server looks at the conditions of a write."}\n'
const NO_ETAG = '"00000000000000000000000000000000"'

/**
 * Tries two writes that a server must refuse: of an object that is there, as a new one, and in place of another content.
 * One that writes them knows no conditions, and two commands would lose each other's states. The object stays, so that later
 * probes are two requests at once.
 *
 * @throws OperationError `s3/no-conditions`.
 */
export async function requireConditions(bucket: Bucket, key: string): Promise<void> {
  const isRefused = async (condition: PutCondition): Promise<boolean> => {
    try {
      return (await bucket.putIf(key, PROBE, condition)).outcome === 'conflict'
    } catch (error) {
      if (isNotImplemented(error)) return false
      throw error
    }
  }
  const [asNew, asReplacement] = await Promise.all([isRefused('absent'), isRefused({ etag: NO_ETAG })])
  // The first probe of all has made the object.
  if (!asReplacement || !(asNew || (await isRefused('absent')))) throw withoutConditions(bucket.name)
}

export function withoutConditions(bucket: string): OperationError {
  return new OperationError({
    code: 's3/no-conditions',
    summary: `The server of ${bucket} does not look at the conditions of a write`,
    detail:
      'Two commands that write a state at once are kept apart by If-Match and If-None-Match. This server writes whatever they say, and one ' +
      'of the two would be lost. Keep the state on a server that knows conditional writes, or in another backend. Nothing was changed.',
  })
}
