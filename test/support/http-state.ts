import { systemClock } from '../../src/base/clock.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { createHttpStateBackend, type HttpStateOptions } from '../../src/state/backends/http.ts'
import { plainCodec } from '../../src/state/codec.ts'

export type HttpStateTestOptions = Partial<Omit<HttpStateOptions, 'access'>> & { readonly access?: Partial<HttpStateOptions['access']> }

/** The backend of an address, locked at the same one; it asks once, unless said. */
export function httpStateAt(address: string, { access, ...options }: HttpStateTestOptions = {}): StateBackend {
  return createHttpStateBackend({
    project: 'support',
    codec: plainCodec,
    clock: systemClock,
    flowrunVersion: '1.0.0',
    address,
    updateMethod: 'POST',
    lock: { address, method: 'LOCK', unlockAddress: address, unlockMethod: 'UNLOCK' },
    access: {
      headers: {},
      tls: { rejectUnauthorized: true },
      retry: { max: 0, waitMinMs: 0, waitMaxMs: 0 },
      sleep: async () => {},
      userAgent: 'flowrun/1.0.0',
      ...access,
    },
    ...options,
  })
}
