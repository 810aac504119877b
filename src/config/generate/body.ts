/** What stands in a body: an argument with its value as text, or a block of its own lines. */
export interface BodyItem {
  readonly kind: 'argument' | 'block'
  readonly text: string
}

/** A line of configuration has at most so many characters where there is a choice. */
export const LINE_LENGTH_MAX = 100

/** `name = value`; nothing where there is no value to write. */
export function argument(name: string, value: string | undefined): readonly BodyItem[] {
  return value === undefined ? [] : [{ kind: 'argument', text: `${name} = ${value}` }]
}

/** A block on one line where the language allows that: nothing in it, or one short argument. */
export function block(header: string, items: readonly BodyItem[]): BodyItem {
  const [only, more] = items
  if (only === undefined) return { kind: 'block', text: `${header} {}` }
  const line = `${header} { ${only.text} }`
  const isShort = more === undefined && only.kind === 'argument' && !line.includes('\n') && line.length <= LINE_LENGTH_MAX
  return { kind: 'block', text: isShort ? line : `${header} {\n${items.map(({ text }) => text).join('\n')}\n}` }
}

/** The block, unless there is nothing to say in it. */
export function blockUnlessEmpty(header: string, items: readonly BodyItem[]): readonly BodyItem[] {
  return items.length === 0 ? [] : [block(header, items)]
}
