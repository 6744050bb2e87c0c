/** `make build`: dist/kubeskippy.js. */
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'

await bundle(fileURLToPath(new URL('../dist', import.meta.url)))
console.log('dist/kubeskippy.js')
