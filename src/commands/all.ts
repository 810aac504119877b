import { commands } from './index.ts'

const loaded = Object.entries(commands).map(async ([name, load]) => [name.replaceAll(' ', ':'), (await load()).default] as const)

/** Every command class by oclif's id, for the tools that make the manifest. Nothing else loads them all. */
export const COMMANDS = Object.fromEntries(await Promise.all(loaded))
