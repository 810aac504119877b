/** What a submitter may say about a session (blocks.md 1.4). */
export const SESSION_NAMES = ['id', 'user', 'tenant', 'locale', 'timezone'] as const

export type SessionName = (typeof SESSION_NAMES)[number]

/** As it was said; what is missing is null in expressions. */
export type Session = Partial<Readonly<Record<SessionName, string>>>
