/** The same object without the keys that are undefined: what is unset has no key. Keys are names of ours, never of a user. */
export function compact<T extends object>(members: T): Compact<T> {
  const kept: Partial<T> = {}
  // A fifth of what entries and back take, and every block has ten of them.
  for (const name in members) if (members[name] !== undefined) kept[name] = members[name]
  return kept as unknown as Compact<T>
}

export type Compact<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}
