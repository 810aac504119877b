/** `a`, `a and b`, `a, b and c`; empty for nothing. */
export function enumerate(list: readonly string[], conjunction: 'and' | 'or' = 'and'): string {
  return list.length < 2 ? (list[0] ?? '') : `${list.slice(0, -1).join(', ')} ${conjunction} ${list.at(-1)}`
}
