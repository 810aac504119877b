import { compact } from '../base/compact.ts'
import type { EncryptionKeySettings, EncryptionSettings } from '../config/blocks/encryption.ts'
import { plainCodec, type StateCodec } from '../state/codec.ts'
import type { StateKeys } from '../state/encryption/state-keys.ts'
import type { StateHost } from './state-host.ts'

/** A codec and what it holds open. */
export interface OpenedCodec {
  readonly codec: StateCodec
  close(): void
}

interface CodecHost extends Pick<StateHost, 'project' | 'text'> {
  /** `write`: a passphrase that is missing or weak is told before anybody is asked to confirm. */
  readonly mode: 'read' | 'write'
}

/** KMS is loaded, and a passphrase is looked up and derived, when the first state is read or written. */
export async function openStateCodec(settings: EncryptionSettings | undefined, { project, text, mode }: CodecHost): Promise<OpenedCodec> {
  if (settings === undefined) return { codec: plainCodec, close: () => {} }
  const { createEncryptingCodec } = await import('../state/encryption/encrypting-codec.ts')
  const closing: (() => void)[] = []
  const onClose = (close: () => void) => closing.push(close)
  const current = await openKeys(settings, { text, use: mode, onClose })
  const previous = settings.previous && (await openKeys(settings.previous, { text, use: 'previous', onClose }))
  return {
    codec: createEncryptingCodec({ project, current, previous }),
    close: () => {
      for (const close of closing) close()
    },
  }
}

interface KeysHost extends Pick<StateHost, 'text'> {
  readonly use: CodecHost['mode'] | 'previous'
  readonly onClose: (close: () => void) => void
}

async function openKeys(settings: EncryptionKeySettings, { text, use, onClose }: KeysHost): Promise<StateKeys> {
  if (settings.key_provider === 'passphrase') {
    const { createPassphraseKeys, requireStrong } = await import('../state/encryption/passphrase-keys.ts')
    const lookUp = async () => {
      const passphrase = await text(settings.passphrase)
      // What was written under a weak one can still be read, and nothing more is written.
      return use === 'previous' ? passphrase : requireStrong(passphrase)
    }
    const known = use === 'write' ? await lookUp() : undefined
    return createPassphraseKeys(async () => known ?? lookUp())
  }
  const { kms_key_id, region, endpoint } = settings
  const { createKmsKeys } = await import('../state/encryption/kms-keys.ts')
  const open = async () => {
    const { createKeyService } = await import('../aws/key-service.ts')
    const service = await createKeyService(compact({ region, endpoint }))
    onClose(service.close)
    return service
  }
  let opened: ReturnType<typeof open> | undefined
  return createKmsKeys(kms_key_id, () => {
    opened ??= open()
    return opened
  })
}
