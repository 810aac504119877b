import { hclExpressionCodes } from './hcl-syntax-expression.ts'
import { hclStructureCodes } from './hcl-syntax-structure.ts'
import { hclTextCodes } from './hcl-syntax-text.ts'

/** What the scanner and the parser can say. */
export const hclSyntaxCodes = { ...hclTextCodes, ...hclStructureCodes, ...hclExpressionCodes } as const
