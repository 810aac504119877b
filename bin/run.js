#!/usr/bin/env node
// Written in syntax that Node 12 reads: an older Node must get as far as the sentence below, not a syntax error.
function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`
}
var parts = process.versions.node.split('.')
if (parts[0] < 22 || (parts[0] === '22' && parts[1] < 19)) {
  process.stderr.write(
    'flowrun needs Node 22.19 or later, and this is Node ' +
      process.versions.node +
      ': install a newer one (nodejs.org), or run `npx -p node@26 ' +
      ['flowrun'].concat(process.argv.slice(2)).map(quoted).join(' ') +
      '`.\n',
  )
  process.exitCode = 1
} else {
  process.getBuiltinModule('module').enableCompileCache()
  import('../dist/cli.js')
}
