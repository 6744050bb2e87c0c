/** The least that a program with an HTTPS server can be: what both of ours are compared with. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [folder, port] = process.argv.slice(2)
createServer({ cert: readFileSync(`${folder}/tls.crt`), key: readFileSync(`${folder}/tls.key`) }, (_request, response) => response.end('ok')).listen(Number(port), '127.0.0.1')
