/** Both programs and the command line as a folder that needs no node_modules. */
import { build, type BuildOptions } from 'esbuild'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { validators } from './validators.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
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

const COMMON = {
  entryPoints: [ENTRY],
  bundle: true,
  platform: 'node',
  target: 'node24',
  // Names and lines stay readable in a stack trace.
  minify: false,
  external: EXTERNAL,
  plugins: [validators],
  logLevel: 'warning',
} as const satisfies BuildOptions

/** The same as one file of CommonJS, for a single executable. */
export async function bundleFile(file: string): Promise<void> {
  await build({ ...COMMON, outfile: file, format: 'cjs', legalComments: 'inline' })
}

/** Files from the root of the repository, with the files that each of them imports. */
export type BundledModules = ReadonlyMap<string, readonly string[]>

/** What a bundle is made of. Files of which nothing is left in it are not among them. */
export async function bundledModules(): Promise<BundledModules> {
  const { metafile } = await build({ ...COMMON, outfile: 'unwritten.js', format: 'esm', write: false, metafile: true, absWorkingDir: ROOT })
  const left = new Set(Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file)))
  return new Map(Object.entries(metafile.inputs).filter(([file]) => left.has(file)).map(([file, { imports }]) => [file, imports.map(({ path }) => path).filter((path) => left.has(path))]))
}

export async function bundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  // Of an earlier build, under other names.
  rmSync(join(folder, 'parts'), { recursive: true, force: true })
  await build({
    ...COMMON,
    outdir: folder,
    entryNames: 'program',
    // What is imported on demand is a file of its own, or the help would read all seven megabytes.
    splitting: true,
    chunkNames: 'parts/[hash]',
    format: 'esm',
    legalComments: 'linked',
    banner: { js: REQUIRE },
  })
  // Node would look for the type of the files further up, and find none where they are copied to.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  const launcher = join(folder, 'kubeskippy.js')
  writeFileSync(launcher, LAUNCHER)
  chmodSync(launcher, 0o755)
}
