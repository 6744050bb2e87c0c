/** `make build`: dist/kubeskippy.js. Elsewhere: `node hack/build.ts FOLDER`. */
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

const [folder = fileURLToPath(new URL('../dist', import.meta.url))] = process.argv.slice(2)
await bundle(folder)
console.log(relative(process.cwd(), join(folder, 'kubeskippy.js')))
