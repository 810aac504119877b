import type { CodePage } from './page.ts'

/** What the scanner and the parser can say. */
export const hclSyntaxCodes = {} as const satisfies Record<`hcl/${string}`, CodePage>
