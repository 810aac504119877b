import type { ChangeAction } from '../plan/plan.ts'
import type { Style } from './style.ts'

/** `!` is drift. */
export type ChangeSign = '+' | '~' | '-' | '.' | '!'

/** The sign of a change, as plans, tables and drawings show it. */
export const CHANGE_SIGNS: Readonly<Record<ChangeAction, ChangeSign>> = {
  create: '+',
  update: '~',
  delete: '-',
  forget: '.',
  move: '~',
  import: '+',
}

/** The sign in the colour of its role. */
export function paintSign(sign: ChangeSign, { paint }: Style): string {
  switch (sign) {
    case '+':
      return paint.add(sign)
    case '-':
      return paint.remove(sign)
    case '.':
      return paint.secondary(sign)
    default:
      return paint.change(sign)
  }
}
