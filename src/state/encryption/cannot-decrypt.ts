import { enumerate } from '../../base/enumerate.ts'
import type { KeySource } from '../../base/sealing.ts'
import { OperationError } from '../../diagnostics/operation-error.ts'
import { onEnvironment } from '../environment-hint.ts'
import type { StateKeys } from './state-keys.ts'

/** No key of these opens the state. */
export function cannotDecrypt(environment: string, source: KeySource, tried: readonly StateKeys[]): OperationError {
  return tried.length === 0 ? withoutKey(environment, source) : withOtherKeys(environment, source, tried)
}

/** It says of itself that it is sealed, and not how. */
export function unknownEnvelope(environment: string): OperationError {
  return new OperationError({
    code: 'state/cannot-decrypt',
    summary: `The state of ${environment} is encrypted in a way that this flowrun does not know`,
    detail: 'A newer flowrun may have written it, with a key from elsewhere. Upgrade flowrun. Nothing was changed.',
  })
}

function withoutKey(environment: string, source: KeySource): OperationError {
  const key =
    source.provider === 'kms'
      ? ['key_provider = "kms"', `kms_key_id   = "${source.key_id}"`]
      : ['key_provider = "passphrase"', 'passphrase   = secret("STATE_PASSPHRASE")']
  return new OperationError({
    code: 'state/cannot-decrypt',
    summary: `The state of ${environment} is encrypted, and no key is given`,
    detail: [
      `It was encrypted with ${nameOf(source)}. Write in the state block of environment "${environment}":`,
      '  encryption {',
      ...key.map(line => `    ${line}`),
      '  }',
      'Nothing was changed.',
    ].join('\n'),
  })
}

function withOtherKeys(environment: string, source: KeySource, tried: readonly StateKeys[]): OperationError {
  const names = tried.map(({ name }, index) => (index === 0 ? name : `${name} of previous`))
  const isOfKind = tried.some(({ provider }) => provider === source.provider)
  return new OperationError({
    code: 'state/cannot-decrypt',
    summary: `The state of ${environment} cannot be decrypted`,
    detail: [
      `written with  ${nameOf(source)}`,
      `tried         ${enumerate(names, 'and')}`,
      '',
      `${isOfKind ? VERDICTS[source.provider] : `A key from "${source.provider}" is not given.`} ` +
        'Give the key that it was written with; one that was replaced stands in previous { … }.',
      'If it is lost, rebuild the state from the registry:',
      `  flowrun state recover${onEnvironment(environment)}`,
      'Nothing was changed.',
    ].join('\n'),
  })
}

const VERDICTS = {
  passphrase: 'The passphrase is another one, or the state is that of another project or environment.',
  kms: 'The key is another one, or the state is that of another project or environment.',
} as const

function nameOf(source: KeySource): string {
  return source.provider === 'kms' ? `the KMS key ${source.key_id}` : 'a passphrase'
}
