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

/** Secrets are looked up, and KMS is loaded, when the first state is read or written. */
export async function openStateCodec(
  settings: EncryptionSettings | undefined,
  { project, text }: Pick<StateHost, 'project' | 'text'>,
): Promise<OpenedCodec> {
  if (settings === undefined) return { codec: plainCodec, close: () => {} }
  const { createEncryptingCodec } = await import('../state/encryption/encrypting-codec.ts')
  const closing: (() => void)[] = []
  const onClose = (close: () => void) => closing.push(close)
  const current = await openKeys(settings, { text, isWritten: true, onClose })
  const previous = settings.previous && (await openKeys(settings.previous, { text, isWritten: false, onClose }))
  return {
    codec: createEncryptingCodec({ project, current, previous }),
    close: () => {
      for (const close of closing) close()
    },
  }
}

interface KeysHost extends Pick<StateHost, 'text'> {
  /** What is written under a weak passphrase can still be read, and nothing more is written. */
  readonly isWritten: boolean
  readonly onClose: (close: () => void) => void
}

async function openKeys(settings: EncryptionKeySettings, { text, isWritten, onClose }: KeysHost): Promise<StateKeys> {
  if (settings.key_provider === 'passphrase') {
    const { createPassphraseKeys, requireStrong } = await import('../state/encryption/passphrase-keys.ts')
    return createPassphraseKeys(async () => {
      const passphrase = await text(settings.passphrase)
      return isWritten ? requireStrong(passphrase) : passphrase
    })
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
