/** Who reaches an address through references, nearest first; for blocks as they are configured. */
export function usedBy(
  blocks: readonly { readonly address: string; readonly artifact: { readonly refs: readonly string[] } }[],
): (address: string) => readonly string[] {
  const direct = new Map<string, string[]>()
  for (const { address, artifact } of blocks) {
    for (const target of artifact.refs) {
      const users = direct.get(target)
      if (users) users.push(address)
      else direct.set(target, [address])
    }
  }
  return address => {
    const found = new Set<string>()
    const queue = [address]
    for (const next of queue) {
      for (const user of direct.get(next) ?? []) {
        if (found.has(user)) continue
        found.add(user)
        queue.push(user)
      }
    }
    return [...found]
  }
}
