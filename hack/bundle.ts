/** Both programs and the command line as a folder that needs no node_modules. */
import { build } from 'esbuild'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ENTRY = fileURLToPath(new URL('../cli/main.ts', import.meta.url))
/** Optional parts of bunyan, in native code; it does without them. */
const EXTERNAL = ['dtrace-provider']

/** CommonJS packages call `require` for Node's own modules, which an ES module does not have. */
const REQUIRE = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

/** The cache holds what is compiled after this line, so that the programs are a file of their own. */
const LAUNCHER = `#!/usr/bin/env node
import module from 'node:module'
if (Number(process.versions.node.split('.')[0]) >= 24) {
  module.enableCompileCache()
  await import('./program.js')
} else {
  console.error('kubeskippy needs Node 24 or later; this is ' + process.version)
  process.exitCode = 1
}
`

export async function bundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  // Of an earlier build, under other names.
  rmSync(join(folder, 'parts'), { recursive: true, force: true })
  await build({
    entryPoints: [ENTRY],
    outdir: folder,
    entryNames: 'program',
    // What is imported on demand is a file of its own, or the help would read all seven megabytes.
    splitting: true,
    chunkNames: 'parts/[hash]',
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names and lines stay readable in a stack trace.
    minify: false,
    legalComments: 'linked',
    external: EXTERNAL,
    banner: { js: REQUIRE },
    logLevel: 'warning',
  })
  // Node would look for the type of the files further up, and find none where they are copied to.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const launcher = join(folder, 'kubeskippy.js')
  writeFileSync(launcher, LAUNCHER)
  chmodSync(launcher, 0o755)
}
