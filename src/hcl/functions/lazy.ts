import { createRequire } from 'node:module'

// A synchronous call inside of an expression cannot await import(); these three take 5 to 30 ms to load, and most projects never call for them.
const load = createRequire(import.meta.url)

export function loadYaml(): typeof import('yaml') {
  return load('yaml')
}

export function loadCsv(): typeof import('csv-parse/sync') {
  return load('csv-parse/sync')
}

export function loadRe2(): typeof import('re2js') {
  return load('re2js')
}
