import type { Expression } from '../../hcl/ast.ts'
import { type ArgumentDecoder, optional } from '../decode/body.ts'

const untouched: ArgumentDecoder<Expression> = ({ attribute }) => attribute.expression

/** Decoded with the input of what is called: `decodeWith`. */
export const WITH = { with: optional(untouched) } as const
