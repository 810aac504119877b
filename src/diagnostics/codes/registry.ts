import type { CodePage } from './page.ts'

export const registryCodes = {} as const satisfies Record<`registry/${string}`, CodePage>
