import type { CodePage } from './page.ts'

export const stateCodes = {} as const satisfies Record<`state/${string}`, CodePage>
