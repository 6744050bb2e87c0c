/**
 * The only writer of generated files.
 *
 *     node hack/generate.ts           writes what differs, removes what is stale
 *     node hack/generate.ts --check   writes nothing; exits 1 and lists what differs or is stale
 */
import { fileURLToPath } from 'node:url'
import { generatedFiles, generatedFolders } from './generators/index.ts'
import { compareGenerated, writeGenerated } from './generators/write.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const drift = await compareGenerated(root, generatedFiles, generatedFolders)

if (process.argv.includes('--check')) {
  for (const { path, why } of drift) console.error(`${path}: ${why}`)
  if (drift.length > 0) {
    console.error('Run `make generate` and commit what it writes.')
    process.exit(1)
  }
} else {
  await writeGenerated(root, drift)
  for (const { path, why } of drift) console.log(`${path}: ${why === 'stale' ? 'removed' : 'written'}`)
}
