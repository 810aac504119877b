/** What stands in a queue. */
export interface Queued {
  /** Who is served in turn. */
  readonly tenant: string
  /** What may be held up by itself, while others of the tenant go on: a model. */
  readonly lane: string
}

/**
 * A queue in which tenants are served in turn, the one that waited longest first, and each tenant's own in the order of
 * their coming (RATE-2). A tenant with a thousand calls delays one with a single call by one call.
 */
export interface FairQueue<T extends Queued> {
  readonly size: number
  add(item: T): void
  remove(item: T): void
  /** The next, in lanes that are not held up. */
  next(heldUp: ReadonlySet<string>): T | undefined
  /** The item was served: it leaves, and its tenant goes to the end. */
  served(item: T): void
  [Symbol.iterator](): Iterator<T>
}

interface Ticket<T> {
  readonly item: T
  readonly number: number
}

export function createFairQueue<T extends Queued>(): FairQueue<T> {
  /** By tenant, the next to be served first; each with its lanes, in which the first came first. */
  const tenants = new Map<string, Map<string, Map<T, Ticket<T>>>>()
  let size = 0
  let issued = 0
  const remove = (item: T) => {
    const lanes = tenants.get(item.tenant)
    const lane = lanes?.get(item.lane)
    if (lanes === undefined || lane === undefined || !lane.delete(item)) return
    size--
    if (lane.size === 0) lanes.delete(item.lane)
    if (lanes.size === 0) tenants.delete(item.tenant)
  }
  return {
    get size() {
      return size
    },
    add(item) {
      const lanes = tenants.get(item.tenant) ?? new Map<string, Map<T, Ticket<T>>>()
      const lane = lanes.get(item.lane) ?? new Map<T, Ticket<T>>()
      tenants.set(item.tenant, lanes.set(item.lane, lane.set(item, { item, number: issued++ })))
      size++
    },
    remove,
    next(heldUp) {
      for (const lanes of tenants.values()) {
        const first = firstOf(lanes, heldUp)
        if (first !== undefined) return first
      }
      return undefined
    },
    served(item) {
      remove(item)
      const lanes = tenants.get(item.tenant)
      if (lanes === undefined) return
      tenants.delete(item.tenant)
      tenants.set(item.tenant, lanes)
    },
    *[Symbol.iterator]() {
      for (const lanes of tenants.values()) for (const lane of lanes.values()) yield* lane.keys()
    },
  }
}

function firstOf<T>(lanes: ReadonlyMap<string, ReadonlyMap<T, Ticket<T>>>, heldUp: ReadonlySet<string>): T | undefined {
  let first: Ticket<T> | undefined
  for (const [name, lane] of lanes) {
    if (heldUp.has(name)) continue
    const [ticket] = lane.values()
    if (ticket !== undefined && (first === undefined || ticket.number < first.number)) first = ticket
  }
  return first?.item
}
