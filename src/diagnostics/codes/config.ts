import type { CodePage } from './page.ts'

export const configCodes = {} as const satisfies Record<`config/${string}`, CodePage>
