import type { CodePage } from './page.ts'

export const secretCodes = {} as const satisfies Record<`secret/${string}`, CodePage>
