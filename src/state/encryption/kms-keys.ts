import type { KeyContext, KeyService } from '../../aws/key-service.ts'
import type { StateKeys, StatePlace } from './state-keys.ts'

/**
 * A data key of KMS for each write.
 *
 * @param service opens the client when it is needed.
 */
export function createKmsKeys(keyId: string, service: () => Promise<KeyService>): StateKeys {
  return {
    provider: 'kms',
    name: `the KMS key ${keyId}`,
    create: async place => (await service()).generateDataKey(keyId, contextOf(place)),
    find: async (source, place) => (source.provider === 'kms' ? (await service()).decrypt(keyId, source, contextOf(place)) : undefined),
  }
}

function contextOf({ project, environment }: StatePlace): KeyContext {
  return { 'flowrun:project': project, 'flowrun:environment': environment }
}
