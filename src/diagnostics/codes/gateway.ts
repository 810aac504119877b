import type { CodePage } from './page.ts'

export const gatewayCodes = {} as const satisfies Record<`gateway/${string}`, CodePage>
