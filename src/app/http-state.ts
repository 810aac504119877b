import { setTimeout as delay } from 'node:timers/promises'
import type { HttpStateSettings } from '../config/blocks/environment-stores.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import type { StateBackend } from '../state/backend.ts'
import type { HttpAccess } from '../state/backends/http/transport.ts'
import type { StateHost } from './state-host.ts'

/**
 * What an environment does not say of who asks is looked for where Terraform looks, in TF_HTTP_*. Addresses and methods are
 * not: a job that runs Terraform as well has those of another state in its environment.
 *
 * @throws OperationError `secret/missing`, `state/bad-certificate`.
 */
export async function openHttpState(settings: HttpStateSettings, host: StateHost): Promise<StateBackend> {
  const { createHttpStateBackend } = await import('../state/backends/http.ts')
  const { address, lock_address, unlock_address, update_method, lock_method, unlock_method } = settings
  const { project, clock, flowrunVersion, codec } = host
  return createHttpStateBackend({
    project,
    codec,
    clock,
    flowrunVersion,
    address,
    updateMethod: update_method,
    lock:
      lock_address === undefined
        ? undefined
        : { address: lock_address, method: lock_method, unlockAddress: unlock_address ?? lock_address, unlockMethod: unlock_method },
    access: await accessOf(settings, host),
  })
}

async function accessOf(settings: HttpStateSettings, { environment, text, flowrunVersion, signal }: StateHost): Promise<HttpAccess> {
  const username = settings.username ?? environment.TF_HTTP_USERNAME
  const password = settings.password === undefined ? environment.TF_HTTP_PASSWORD : await text(settings.password)
  const headers = await Promise.all(Object.entries(settings.headers).map(async ([name, value]) => [name, await text(value)] as const))
  return {
    ...(username || password ? { credentials: { username: username ?? '', password: password ?? '' } } : {}),
    headers: Object.fromEntries(headers),
    tls: await tlsOf(settings, { environment, text }),
    retry: { max: settings.retry_max, waitMinMs: settings.retry_wait_min, waitMaxMs: settings.retry_wait_max },
    sleep: async ms => void (await delay(ms, undefined, { signal })),
    signal,
    userAgent: `flowrun/${flowrunVersion}`,
  }
}

async function tlsOf(
  settings: HttpStateSettings,
  { environment, text }: Pick<StateHost, 'environment' | 'text'>,
): Promise<HttpAccess['tls']> {
  const cert = settings.client_certificate_pem ?? environment.TF_HTTP_CLIENT_CERTIFICATE_PEM
  const key =
    settings.client_private_key_pem === undefined ? environment.TF_HTTP_CLIENT_PRIVATE_KEY_PEM : await text(settings.client_private_key_pem)
  const ca = settings.client_ca_certificate_pem ?? environment.TF_HTTP_CLIENT_CA_CERTIFICATE_PEM
  const given = { ...(cert ? { cert } : {}), ...(key ? { key } : {}), ...(ca ? { ca } : {}) }
  if (Boolean(cert) !== Boolean(key))
    throw badCertificate(
      cert ? 'There is a client certificate without its private key.' : 'There is a private key without its certificate.',
    )
  if (cert || ca) await requireUsable(given)
  return { rejectUnauthorized: !settings.skip_cert_verification, ...given }
}

async function requireUsable(given: Omit<HttpAccess['tls'], 'rejectUnauthorized'>): Promise<void> {
  const { createSecureContext } = await import('node:tls')
  try {
    createSecureContext(given)
  } catch (error) {
    throw badCertificate(`They cannot be used: ${error instanceof Error ? error.message : String(error)}.`)
  }
}

function badCertificate(why: string): OperationError {
  return new OperationError({
    code: 'state/bad-certificate',
    summary: 'The certificates for the state cannot be used',
    detail: `${why} Give PEM texts in client_certificate_pem, client_private_key_pem and client_ca_certificate_pem. Nothing was changed.`,
  })
}
