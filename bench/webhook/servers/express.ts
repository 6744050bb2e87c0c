/** A webhook as people write it with express: parses the review, checks nothing, allows it. */
import { createServer } from 'node:https'
import express, { type Request, type Response } from 'express'
import { port, tls } from './credentials.ts'

const app = express()
app.use(express.json({ limit: '8mb' }))
app.post('/validate', (request: Request, response: Response) => {
  const { request: review } = request.body as { readonly request: { readonly uid: string } }
  response.json({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: review.uid, allowed: true } })
})
createServer({ ...tls, keepAliveTimeout: 90_000 }, app).listen(port, '127.0.0.1')
