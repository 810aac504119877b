import manifest from '../../package.json' with { type: 'json' }

/** The version of this flowrun, `1.4.0`. */
export const flowrunVersion: string = manifest.version
