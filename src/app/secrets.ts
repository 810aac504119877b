import { resolve } from 'node:path'
import type { Clock } from '../base/clock.ts'
import type { SecretSource, SettingText, StoreSettings } from '../config/blocks/environment-stores.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { SecretPlace } from '../gateway/secrets.ts'

/** Looks up the secrets of an environment's settings, at the moment that they are needed. */
export type ResolveSettings = (root: string, environment: Pick<StoreSettings, 'secrets'>) => (setting: SettingText) => Promise<string>

/** Where secrets are looked for when the environment does not say. */
function usualSources(dataDirectory: string): readonly SecretSource[] {
  return [
    { type: 'env', prefix: '' },
    { type: 'file', path: `${dataDirectory}/secrets` },
  ]
}

export function secretPlaces(root: string, secrets: readonly SecretSource[] | undefined, dataDirectory: string): readonly SecretPlace[] {
  return (secrets ?? usualSources(dataDirectory)).map(source =>
    source.type === 'env'
      ? { type: 'environment', prefix: source.prefix }
      : { type: 'file', path: resolve(root, source.path), label: source.path },
  )
}

export function createSettingsResolver(
  environment: Readonly<Record<string, string | undefined>>,
  dataDirectory: string,
  clock: Clock,
): ResolveSettings {
  return (root, { secrets }) =>
    async setting => {
      if (typeof setting === 'string') return setting
      const { createSecretResolver, MissingSecret, resolveSecretText } = await import('../gateway/secrets.ts')
      const { createRedactor } = await import('../gateway/redactor.ts')
      const places = secretPlaces(root, secrets, dataDirectory)
      const resolver = createSecretResolver({ environment, places, clock, redactor: createRedactor() })
      try {
        return await resolveSecretText(setting, resolver)
      } catch (error) {
        if (!(error instanceof MissingSecret)) throw error
        throw missingSetting(error.secretName, error.lookedIn)
      }
    }
}

function missingSetting(name: string, lookedIn: readonly string[]): OperationError {
  return new OperationError({
    code: 'secret/missing',
    summary: `The secret "${name}" is not set`,
    detail: `The stores of this environment are opened with it. Looked in: ${lookedIn.join(', ')}. Nothing was changed.`,
  })
}
